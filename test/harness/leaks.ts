// The leak check that users have too, around the laws of this checkout: `law.before.each(leaks.snapshot)`, `law.after.each(leaks.assertSame)`.
export { leakCheck, type LeakCheck } from "#brood/testing/leaks.js";
