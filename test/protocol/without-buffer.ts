// Takes Buffer away, as in a guest. It must be the first import of a test.
delete (globalThis as { Buffer?: unknown }).Buffer;
