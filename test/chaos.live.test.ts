// The same harm to trees of a program that forks itself (chaos.test.ts): 3 rounds, 300 with BROOD_FULL. A fork below a fork is seen to abort once
// in some hundreds (BROOD_SEED=1639039925).
import { METHODS } from "#brood/testing/methods.js";
import { chaos } from "./chaos/law.js";
import { suite } from "./harness/law.js";

const law = suite("chaos of a program that forks itself");
chaos(law, METHODS, process.env["BROOD_FULL"] === undefined ? 3 : 300);
law.run();
