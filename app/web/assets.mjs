// Copies what the pages need from node_modules to static/vendor/<name>/, so that wangge serves every script and style
// itself. The list is the whole of what reaches a browser: a file that is missing stops the build here and not in
// front of a user, and what an older list copied is cleared away.
import { cp, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "static", "vendor");

/** @type {Record<string, {from: string, files: Record<string, string>}>} name of the folder -> package and its files */
const WANTED = {
  "maplibre-gl": {
    from: "maplibre-gl",
    files: {
      "dist/maplibre-gl.mjs": "maplibre-gl.mjs",
      // Started by the map as a module worker from beside itself.
      "dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
      "dist/maplibre-gl.css": "maplibre-gl.css",
      "LICENSE.txt": "LICENSE.txt",
    },
  },
  // Neither package carries the text of its MIT licence; its package.json names author and licence.
  "terra-draw": {
    from: "terra-draw",
    files: { "dist/terra-draw.modern.js": "terra-draw.mjs", "package.json": "package.json" },
  },
  "terra-draw-maplibre-gl-adapter": {
    from: "terra-draw-maplibre-gl-adapter",
    files: { "dist/terra-draw-maplibre-gl-adapter.modern.js": "adapter.mjs", "package.json": "package.json" },
  },
  leaflet: {
    from: "leaflet",
    files: {
      "dist/leaflet.js": "leaflet.js",
      "dist/leaflet.css": "leaflet.css",
      "dist/images": "images",
      LICENSE: "LICENSE",
    },
  },
  "leaflet.heat": {
    from: "leaflet.heat",
    files: { "dist/leaflet-heat.js": "leaflet-heat.js", LICENSE: "LICENSE" },
  },
  "swagger-ui": {
    from: "swagger-ui-dist",
    files: {
      "swagger-ui-bundle.js": "swagger-ui-bundle.js",
      "swagger-ui.css": "swagger-ui.css",
      LICENSE: "LICENSE",
      NOTICE: "NOTICE",
    },
  },
};

// Beside the target and renamed at the end: a server that runs meanwhile never sees half a folder.
const fresh = `${vendor}.part`;
await rm(fresh, { recursive: true, force: true });
const missing = [];
const versions = {};
for (const [name, { from, files }] of Object.entries(WANTED)) {
  const source = join(here, "node_modules", from);
  for (const [file, target] of Object.entries(files)) {
    const path = join(source, file);
    try {
      const found = await stat(path);
      if (found.isFile() && found.size === 0) throw new Error("empty");
    } catch {
      missing.push(join("node_modules", from, file));
      continue;
    }
    const goal = join(fresh, name, target);
    await mkdir(dirname(goal), { recursive: true });
    await cp(path, goal, { recursive: true });
    if (/\.(m?js|css)$/.test(target)) await dropSourceMap(goal);
  }
  if (!missing.length) {
    versions[name] = JSON.parse(await readFile(join(source, "package.json"), "utf8")).version;
  }
}
if (missing.length) {
  await rm(fresh, { recursive: true, force: true });
  console.error(`前端文件缺失,请先运行 npm ci / front-end files are missing, run npm ci first:\n  ${missing.join("\n  ")}`);
  process.exit(1);
}
await writeFile(join(fresh, "versions.json"), `${JSON.stringify(versions, null, 2)}\n`);
await rm(vendor, { recursive: true, force: true });
await rename(fresh, vendor);
console.log(`${vendor}: ${Object.entries(versions).map((v) => v.join(" ")).join(", ")}`);

/** Source maps are not served; a line that points at one would only be a 404 in the developer's tools. */
async function dropSourceMap(path) {
  const text = await readFile(path, "utf8");
  await writeFile(path, text.replace(/\n?(\/\/# sourceMappingURL=\S+|\/\*# sourceMappingURL=\S+ ?\*\/)\s*$/, "\n"));
}
