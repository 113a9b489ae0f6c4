// An actor that can be kept busy for ever.
import { defineActor } from "brood/actor";
import { spin } from "../peers/endpoints.js";

export default defineActor({ spin });
