// Sends back what comes on the socket of this path.
import { connect } from "node:net";

const socket = connect(process.argv[2] as string);
socket.on("data", (bytes) => socket.write(bytes));
