// The globals of a guest are there before any other module is evaluated: this one is imported first.
import { installPrelude } from "../actor/guest/install.js";
import { guestHost } from "./guest-host.js";

installPrelude(guestHost);
