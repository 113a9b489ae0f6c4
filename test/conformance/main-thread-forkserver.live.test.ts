// The suite over main_thread_forkserver: this program forks itself, with all that the suite has in memory.
import { conform } from "./conform.js";

conform("main_thread_forkserver");
