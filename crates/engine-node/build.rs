//! Tells the linker that the symbols of Node-API are found in the process that loads the addon.

fn main() {
    napi_build::setup();
}
