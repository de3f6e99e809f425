// Draws the dashboard's world: the land as one SVG path, and a place for each country's circle.
// Natural Earth's data (public domain), as the package world-atlas has it. `npm ci && npm run draw`.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import countries from "i18n-iso-countries";
import { feature } from "topojson-client";

const WIDTH = 720;
const TOP = 80; // degrees of latitude: further north and south nobody runs a proxy
const BOTTOM = -56;
const STRETCH = 1 / Math.cos((35 * Math.PI) / 180); // equirectangular, true at 35 degrees

const read = (name) => JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`world-atlas/${name}`)));
const project = ([longitude, latitude]) => [
  Math.round(((longitude + 180) / 360) * WIDTH),
  Math.round(((TOP - latitude) / 360) * WIDTH * STRETCH),
];
const HEIGHT = project([0, BOTTOM])[1];

function polygonsOf({ geometry }) {
  return geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
}

function ringPath(ring) {
  const points = ring.map(project).filter(([x, y], index, all) =>
    index === 0 || x !== all[index - 1][0] || y !== all[index - 1][1]);
  if (points.length < 4) return ""; // an island of less than a pixel or two
  let [[x, y]] = points;
  const steps = points.slice(1, -1).map(([toX, toY]) => {
    const step = `${toX - x} ${toY - y}`;
    [x, y] = [toX, toY];
    return step;
  });
  return `M${points[0].join(" ")}l${steps.join(" ").replaceAll(" -", "-")}z`;
}

function area(ring) {
  return Math.abs(ring.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = ring[(index + 1) % ring.length];
    return sum + x * nextY - nextX * y;
  }, 0));
}

/** The middle of the largest part, weighed by area. */
function middle(country) {
  const [ring] = polygonsOf(country).sort((one, other) => area(other[0]) - area(one[0]))[0];
  let doubled = 0, sumX = 0, sumY = 0;
  ring.forEach(([x, y], index) => {
    const [nextX, nextY] = ring[(index + 1) % ring.length];
    const cross = x * nextY - nextX * y;
    doubled += cross;
    sumX += (x + nextX) * cross;
    sumY += (y + nextY) * cross;
  });
  return doubled ? [sumX / (3 * doubled), sumY / (3 * doubled)] : ring[0];
}

const land = read("land-110m.json");
const paths = feature(land, land.objects.land).features
  .flatMap(polygonsOf)
  .flat()
  .filter((ring) => ring.some(([, latitude]) => latitude > BOTTOM))
  .map(ringPath)
  .join("");

const atlas = read("countries-50m.json");
const places = Object.fromEntries(
  feature(atlas, atlas.objects.countries).features
    .map((country) => [countries.numericToAlpha2(country.id ?? ""), country])
    .filter(([code]) => code)
    .map(([code, country]) => [code, project(middle(country))])
    .filter(([, [, y]]) => y > 0 && y < HEIGHT)
    .sort(([one], [other]) => one.localeCompare(other)));

console.log(`// Drawn by map/draw.mjs from Natural Earth's data (public domain); do not edit.

export const WIDTH = ${WIDTH};
export const HEIGHT = ${HEIGHT};
export const LAND = "${paths}";
export const PLACES = ${JSON.stringify(places)};`);
