// The smallest actor that answers.
import { defineActor } from "brood/actor";

export default defineActor({ ping: () => "pong" });
