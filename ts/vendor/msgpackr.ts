// The one door to msgpackr. Only its pure JavaScript halves are loaded: the default entry of the package loads a native addon
// (msgpackr-extract), which must never be in a template or a guest. The build bundles this file, so that users get no
// dependency; `addExtension` must be the one of the packer, since it registers both directions.
export { Packr, addExtension, RESERVE_START_SPACE } from "msgpackr/pack";
export { Unpackr } from "msgpackr/unpack";
