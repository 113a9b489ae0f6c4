// Random trees of actors come to random harm at random moments: actors are killed, stopped and cancelled, they leave, loop and throw, their
// channels break, their templates and nurseries end. After each round no process, descriptor or file is left, every promise has settled
// within its bound, and every error tells a cause that was there. 50 rounds, 1,000 with BROOD_FULL; a round that fails tells what happened
// in it and its seed, and BROOD_SEED=... repeats that one: its plan, since the system decides who is served when.
import { PLAIN } from "#brood/testing/methods.js";
import { chaos } from "./chaos/law.js";
import { suite } from "./harness/law.js";

const law = suite("chaos");
chaos(law, PLAIN, process.env["BROOD_FULL"] === undefined ? 50 : 1_000);
law.run();
