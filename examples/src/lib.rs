//! Programs that show Tidewire at work; each folder beside this one is an example.
