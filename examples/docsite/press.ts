// The actor that hosts the teams: they begin with it and end with it. It keeps nothing that a page needs but what is said in the call, so it
// may be started anew at any time, in the middle of any page.
import { defineActor, endpoint } from "brood/actor";
import { PartsMaker, type Figures, type Material, type Parts } from "./parts.js";
import { openTeams } from "./teams.js";

let maker: PartsMaker;

export default defineActor(
  {
    make: endpoint((task, material: Material): Promise<Parts> => maker.make(material, task.signal)),
    figures: (): Figures => maker.figures,
  },
  {
    async setup(task) {
      maker = new PartsMaker(await openTeams(await task.openNursery()));
    },
  },
);
