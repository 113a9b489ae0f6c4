// What brood's own side of a nursery uses of Node, as a guest has it. In the bundle of guests this stands for Node's modules.

export const randomUUID = (): string => crypto.randomUUID();

/** Nobody in a guest listens. */
export const channel = (_name: string): { publish(message: unknown): void } => ({ publish() {} });
