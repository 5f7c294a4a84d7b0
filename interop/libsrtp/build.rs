fn main() {
    println!("cargo::rerun-if-changed=src/shim.c");
    let library =
        pkg_config::probe_library("libsrtp2").expect("libsrtp2 with its headers is installed");
    cc::Build::new()
        .file("src/shim.c")
        .includes(library.include_paths)
        .warnings_into_errors(true)
        .compile("shim");
}
