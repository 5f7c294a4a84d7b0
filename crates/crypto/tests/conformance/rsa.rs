//! Signatures of RSA, which are only ever verified: keys and signatures as OpenSSL makes them.

use hex_literal::hex;
use tidewire_crypto::{AuthenticationError, SignatureAlgorithm};

use crate::same_of_all;

const PUBLIC_KEY: &[u8] = &hex!(
    "3082010a0282010100db4f6b315c60ead0a65c89d7a44210ae35709eff55c9f4bf7bd1cfc486e00f19b23040"
    "bd423bb27e4e06366c1fd9777a4c04d2913583fec0008f524e1c8649a2837fb25acb061fe1f592747ee492cf"
    "3df7340afced5b6568fd5abf5629df2d5f00e42f19b9a472bbff423815e8cac735fcd3b230d4741474fdea0a"
    "6c1387854c7d00bb1a051cc786e490fe1d5ab9970bbc406b33e6a6d40a01ab7328e93aa7a340262badb95beb"
    "fe8f78cef2ea964dca3ff14f594127391e6922550087a61e842d8101366bd60b587420810d564e67302f5cb9"
    "68bc715a86abcda6deb76ecfd1ce7dc9880e4be628b10725c110b8af19a6f19d3ef1c573597f0b973ebc20ae"
    "6f0203010001"
);
const PKCS1_SHA256: &[u8] = &hex!(
    "80474678e8a57268e2c6c4a72a7fe2395e4554387b1a0b9a8ea0450217c1655a5584e3decec60ef0a68160d0"
    "9fdaf42191782362b63753102d1ba4475023b425989994cf93697859291bf22e1a4ba7d2d16e771cc9ad1aae"
    "f8ff7ab800265154373b30ebe3edf9ee67b61641225791de420035d2f3a79757653091d0160094e344bd7bba"
    "f421bb7366c682b288fa263ba81abde867f0d57c4aeda839e675c9ceba31b679842a6e5be0a138b728f4ce1b"
    "166678aa65f3011986ce04068bc3cd06afa7583558642edfea1d0894272f3b2b99045de2530e1d217b40a680"
    "3512bf11a5a3826e6ee9d4c68692fb300a106516117ad78d683191e4c06820517fa13369"
);
const PKCS1_SHA384: &[u8] = &hex!(
    "2a950d1733c329962ca5bb8db26e69fecdaa31c4d01bdd3cc91a5d17e193794051fc4b2428b5eb4545551a0d"
    "3b4d20d2dd0be1ef31d466f1899260080c8175975a5a28c5d0a3a3f1c81603f0dc77997e444b6f05cf0abb76"
    "6d6c2a259d136ccb48aac4a3ad559798d4207284713dc7306a3e1916525ba9f0400f2cfe27651b2149673d29"
    "70a62c4fa0d4f8658204c783c9b6d53113bb07ee427590c77b63ec8a32dfa37ebea0d3dfb044e9c5487ee6d4"
    "5abe9dc78f7b9371e09703a4b2ec101f49fc11af6e47d5bc9f9cc9a4d63ea15daa6f91adf1d45c367c9d8457"
    "c761f2117c49204753667fe0c922cc278f7acf044492eefad8d192061f8e24e1e6a64ea7"
);
const PKCS1_SHA512: &[u8] = &hex!(
    "47986f2c0693b70a362b46a4e52930e3053e00b9b4cc15aee6909e9ba7cc56d696181130dbbcda823e2a438a"
    "f1acb560573fe29180c97e0e945fb3cdaaab4834d4a44128f35533ef440a48059747c7722ac4d5cf6f837618"
    "777669441f6dd9133bed54ef490d2268d857131b0539b4930a2eac166f1b257f231341912d40495e94a2f1fc"
    "a881797191517c4d0c7eaf33bed8f35ed589e315993c3c39b25e7c6fd94a209c2500920170e405abd5d76c6f"
    "dc7c1b8f237f5c33bcfd2eea7ca7e2858018f97b92de7fbc8aa2972d1b0c258b353afbf60fe257b403838c6b"
    "3342a8d76ba77673a5a00f1bb8d06a458621a4e32973302a7ee24ced995967fc97fa0be1"
);
const PSS_SHA256: &[u8] = &hex!(
    "77564985eb3e7f911b56d98c004b3590e5335ad78658e8556e26d16b33682f93c85a95aac0af603f1887ef02"
    "b34b2f40d2041158b7ad6e1f86b4792350b79a1a818b8b384d27b81ea48e07d3623a25788a623cba3713b0f8"
    "066d3aff791fc3841132f5353652252f6c0255a65a2e067014148e3ea449591e2b901def0bbbb3ca0567c94c"
    "0be39b0fe7a01db2911da42784e868c1b7be341902e53bec7b7fbe46ffe5cf88bbb0497f85e3f2f5b9993930"
    "74a6999aa1ae6a6c1c9c30e0d3d7f2865cdb39caae92716fb91389aabeebb9986d9bd65d6a774ebb535d5340"
    "d1751b1d82e2064119d3ce4743fe406086a267c43d71f1bbbee8e7f80555507e8abe668c"
);
const PSS_SHA384: &[u8] = &hex!(
    "6562ec022edea779e0560bb232f7053c14e28c3b6de7e7c7f8b20a0404c8cae9d984e1421752879c4c299973"
    "8dcc367cb2cab062f71795c2f65692fb75a823af14c668bc709c9cbfc8fa7e614d737c773bf07e42ece9d019"
    "660cf9c0fda776414d9781f8513f8456e2ba90e0fce317cdb1dde80524089a01ddca90a30c134e78bf782027"
    "43396b50ebc8e60190f528951bfd746d04f77051ea7e7018ef482ddd1b2db9cdd75f66af84c18652637006b1"
    "b20b241c1f112d381b18711683e8c5955b13b34c800c64939afa794e6d39a7a15a935cc15a3466d704a777f4"
    "fe25ad3e75ebdacc01bfa0f645eaeac6f62594ffc9347eb8a0a14177f7b9b3b1ed6ec3d4"
);
const PSS_SHA512: &[u8] = &hex!(
    "27ab5680723b391f942a5419d4370158bc57505eec10d0333b2a440974d131b88b0320afc76891be35a45729"
    "149d765ef240690b06dfd4ba766e1fe70aabc2392f5cebf711cf1cf4cca2cecbdfbea829c7f25eee7aa5afb9"
    "11f19068716eaa475289c750fa1c7670515b3792042ae62e964d60f5b04165f5e5e21ade8a3ce5f4c4622670"
    "0c4e8fd1b68173dd3e5a6a9aa6e802f2748a5fc5731486bc80f60158db457ce34b35f03eef82177677132501"
    "c515355c2e8db465fd3dcd931cf45ebaf5d6cca8ec5ebe7e7c18d5f2c59558dd97ffe1b782983001b1804588"
    "edcd20dd5381c1a2d9ab2e8800e1a87fd2f99e8b895395b0cc9b74650f810d325dd93c79"
);
const SHORT_PUBLIC_KEY: &[u8] = &hex!(
    "30818902818100bc20308a1181e7b736734d1c06be47c21a7724fb0524b3fc4289291cb72528859e85a381a5"
    "fa736ef1669d7de404abad25dd920481d7cd203b429f1b0e9c5326a6aca2186d422f0ee0b9797e46b2d23726"
    "e7274835710f180f560aed6101a85edc419e783609b8033ffcefe76dc2ebe7dcd7226b7f2857f96cf9f68900"
    "896e6d0203010001"
);
const OF_SHORT_KEY: &[u8] = &hex!(
    "ac595571f41a80d6d024250ea264020219a211f74ddbe4cc775ac928d3453120a8344c98726eb330795d08c0"
    "cd39c3e37edb7f8dbb6748ed9920738371a527172fffa9731f7c5136bd53bee4ab22bd1072964772f7f2d52f"
    "c59ee4838262343ffb73d082a33355cb86e810237d6c6efaaa6ea9df139307366a2c4755aadabe12"
);

const SIGNATURES: [(SignatureAlgorithm, &[u8]); 6] = [
    (SignatureAlgorithm::RsaPkcs1Sha256, PKCS1_SHA256),
    (SignatureAlgorithm::RsaPkcs1Sha384, PKCS1_SHA384),
    (SignatureAlgorithm::RsaPkcs1Sha512, PKCS1_SHA512),
    (SignatureAlgorithm::RsaPssSha256, PSS_SHA256),
    (SignatureAlgorithm::RsaPssSha384, PSS_SHA384),
    (SignatureAlgorithm::RsaPssSha512, PSS_SHA512),
];

fn verify(
    algorithm: SignatureAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), AuthenticationError> {
    same_of_all(|crypto| crypto.verify_signature(algorithm, key, message, signature))
}

#[test]
fn each_signature_verifies_as_what_it_is_and_as_nothing_else() {
    for (algorithm, _) in SIGNATURES {
        for (other, signature) in SIGNATURES {
            let expected = (algorithm == other)
                .then_some(())
                .ok_or(AuthenticationError);
            assert_eq!(
                verify(algorithm, PUBLIC_KEY, b"sample", signature),
                expected,
                "{other:?} as {algorithm:?}"
            );
        }
        assert!(verify(algorithm, PUBLIC_KEY, b"example", PKCS1_SHA256).is_err());
    }
}

#[test]
fn no_byte_of_a_signature_may_change() {
    for (algorithm, signature) in SIGNATURES {
        for index in 0..signature.len() {
            let mut wrong = signature.to_vec();
            wrong[index] ^= 1;
            assert!(verify(algorithm, PUBLIC_KEY, b"sample", &wrong).is_err());
        }
        for len in [0, 1, 255] {
            assert!(verify(algorithm, PUBLIC_KEY, b"sample", &signature[..len]).is_err());
        }
        let long = [signature, &[0]].concat();
        assert!(verify(algorithm, PUBLIC_KEY, b"sample", &long).is_err());
    }
}

#[test]
fn malformed_keys_are_refused() {
    let algorithm = SignatureAlgorithm::RsaPkcs1Sha256;
    for len in 0..PUBLIC_KEY.len() {
        assert!(verify(algorithm, &PUBLIC_KEY[..len], b"sample", PKCS1_SHA256).is_err());
    }
}

#[test]
fn keys_of_less_than_2048_bits_are_refused() {
    let algorithm = SignatureAlgorithm::RsaPkcs1Sha256;
    assert!(verify(algorithm, SHORT_PUBLIC_KEY, b"sample", OF_SHORT_KEY).is_err());
}
