// The same harm to trees of a program that forks itself (chaos.test.ts): 15 rounds, 300 with BROOD_FULL.
import { METHODS } from "#brood/testing/methods.js";
import { chaos } from "./chaos/law.js";
import { suite } from "./harness/law.js";

const law = suite("chaos of a program that forks itself");
chaos(law, METHODS, process.env["BROOD_FULL"] === undefined ? 15 : 300);
law.run();
