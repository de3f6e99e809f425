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

/** The ring in one piece, also where it crosses the date line: then it goes on beyond 180 degrees. */
function whole(ring) {
  let turns = 0;
  return ring.map(([longitude, latitude], index) => {
    const step = index ? longitude - ring[index - 1][0] : 0;
    if (Math.abs(step) > 180) turns -= Math.sign(step);
    return [longitude + 360 * turns, latitude];
  });
}

function polygonsOf({ geometry }) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((rings) => rings.map(whole));
}

/** The ring, and again at the other side of the world where it reaches over the edge. */
function bothSides(ring) {
  const longitudes = ring.map(([longitude]) => longitude);
  const shifted = (by) => ring.map(([longitude, latitude]) => [longitude + by, latitude]);
  if (Math.max(...longitudes) > 180) return [ring, shifted(-360)];
  if (Math.min(...longitudes) < -180) return [ring, shifted(360)];
  return [ring];
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

const largest = (country) => polygonsOf(country).map(([ring]) => ring)
  .reduce((one, other) => (area(other) > area(one) ? other : one));

/** The middle of the largest part, weighed by area. */
function middle(country) {
  const ring = largest(country);
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
  .flatMap(bothSides)
  .map(ringPath)
  .join("");

const atlas = read("countries-50m.json");
const places = Object.fromEntries(
  feature(atlas, atlas.objects.countries).features
    .map((country) => [countries.numericToAlpha2(country.id ?? ""), country])
    .filter(([code]) => code)
    // Some have islands that stand alone under the same code: the last one counts.
    .sort(([, one], [, other]) => area(largest(one)) - area(largest(other)))
    .map(([code, country]) => [code, project(middle(country))])
    .filter(([, [, y]]) => y > 0 && y < HEIGHT)
    .sort(([one], [other]) => one.localeCompare(other)));

console.log(`// Drawn by map/draw.mjs from Natural Earth's data (public domain); do not edit.

export const WIDTH = ${WIDTH};
export const HEIGHT = ${HEIGHT};
export const LAND = "${paths}";
export const PLACES = ${JSON.stringify(places)};`);
