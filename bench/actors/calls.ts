// brood's side of the calls: what peers/endpoints.ts is to the others.
import { defineActor } from "brood/actor";
import { add, echo } from "../peers/endpoints.js";

export default defineActor({ add, echo });
