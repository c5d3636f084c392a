// Ten calls of the generated TypeScript client, answers and refusals: `node ten_calls.js URL TOKEN GRID LON LAT`.
// The compiler holds every member that is read here to the description of the API; each call that comes back is named.
import { wangge, type Problem } from "wangge-client";

// Of Node.js, whose types are not installed for these two words.
declare const process: { argv: string[] };

function done(name: string, holds: boolean, came: unknown): void {
  if (!holds) throw new Error(`${name}: ${JSON.stringify(came)}`);
  console.log(name);
}

/** What came, or a failure that says what the problem is. */
function taken<Data>(answer: { data?: Data; error?: Problem }): Data {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const [url = "", token, code = "", ...numbers] = process.argv.slice(2);
const [lon = 0, lat = 0] = numbers.map(Number);
const client = wangge(url, token, "en");

const place = taken(await client.GET("/v1/locate", { params: { query: { lon, lat } } }));
done("locate", place.grid.code === code, place);

const nobody = await client.GET("/v1/locate", { params: { query: { lon: 0, lat: 0 } } });
done("locate: no owner", nobody.error?.status === 404 && nobody.error.code === "no-owner", nobody);

const grid = taken(await client.GET("/v1/grids/{code}", { params: { path: { code } } }));
done("grid", grid.code === code, grid);

const editions = taken(await client.GET("/v1/editions"));
done("editions", editions.in_force === 1, editions);

const begun = await client.POST("/v1/drafts", { body: { title: "typed" } });
const draft = taken(begun);
done("draft", draft.state === "open" && draft.operations === 0, draft);
const path = { draft_id: draft.id };
const tag = (answer: { response: Response }) => ({ "if-match": answer.response.headers.get("etag") ?? "" });

const cut = await client.POST("/v1/drafts/{draft_id}/operations", {
  params: { path, header: tag(begun) },
  body: { op: "split", grid: code, by: { type: "LineString", coordinates: [[lon, lat - 0.05], [lon, lat + 0.05]] } },
});
const made = taken(cut);
done("operation", made.created.length === 1 && made.grids.features.length > 1, made);

const refused = await client.POST("/v1/drafts/{draft_id}/operations", {
  params: { path, header: tag(cut) },
  body: { op: "rename", grid: "370299009009009", name: "x" },
});
done("operation: refused", refused.error?.status === 422 && refused.error.code === "unknown-grid", refused);

const detail = taken(await client.GET("/v1/drafts/{draft_id}", { params: { path } }));
done("draft in full", detail.history.map((item) => item.op).join() === "split" && detail.may.edit, detail);

const diff = taken(await client.GET("/v1/drafts/{draft_id}/diff", { params: { path } }));
done("diff", diff.lineage.some((row) => row.to === made.created[0] && row.kind === "split"), diff);

const defects = taken(await client.GET("/v1/drafts/{draft_id}/check", { params: { path } }));
done("check", defects.length === 0, defects);

const undone = await client.POST("/v1/drafts/{draft_id}/undo", { params: { path, header: tag(cut) } });
done("undo", taken(undone).retired.join() === made.created.join(), undone);

const empty = await client.POST("/v1/drafts/{draft_id}/submit", { params: { path, header: tag(undone) }, body: null });
done("submit: refused", empty.error?.status === 409 && empty.error.code === "no-changes", empty);
