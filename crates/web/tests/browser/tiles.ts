// A small PMTiles file, made here, so that no test needs one of somebody else.
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

type Point = [longitude: number, latitude: number];
export interface Shape {
  layer: string;
  properties: Record<string, string>;
  points: Point[];
  area: boolean;
}

const EXTENT = 4096;
const HEADER_BYTES = 127;

/** Where a place lies in the whole world, 0 to 1. */
function world([longitude, latitude]: Point): [number, number] {
  const sin = Math.sin((latitude * Math.PI) / 180);
  return [longitude / 360 + 0.5, 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)];
}

/** The one tile of zoom 0. */
function tile(shapes: readonly Shape[]): Uint8Array {
  const out = new BinaryWriter();
  for (const name of new Set(shapes.map((shape) => shape.layer))) {
    const own = shapes.filter((shape) => shape.layer === name);
    const words = [...new Set(own.flatMap((shape) => Object.entries(shape.properties).flat()))];
    out.tag(3, WireType.LengthDelimited).fork().tag(15, WireType.Varint).uint32(2).tag(1, WireType.LengthDelimited).string(name);
    for (const shape of own) {
      out.tag(2, WireType.LengthDelimited).fork();
      packed(out, 2, Object.entries(shape.properties).flatMap(([key, value]) => [words.indexOf(key), words.indexOf(value)]));
      out.tag(3, WireType.Varint).uint32(shape.area ? 3 : 2);
      packed(out, 4, commands(shape));
      out.join();
    }
    for (const word of words) out.tag(3, WireType.LengthDelimited).string(word);
    for (const word of words) out.tag(4, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(word).join();
    out.tag(5, WireType.Varint).uint32(EXTENT).join();
  }
  return out.finish();
}

function packed(out: BinaryWriter, field: number, values: readonly number[]): void {
  out.tag(field, WireType.LengthDelimited).fork();
  for (const value of values) out.uint32(value);
  out.join();
}

function commands({ points, area }: Shape): number[] {
  const zigzag = (value: number): number => (value << 1) ^ (value >> 31);
  let [lastX, lastY] = [0, 0];
  const step = (point: Point): number[] => {
    const [x, y] = world(point).map((part) => Math.round(part * EXTENT)) as [number, number];
    const out = [zigzag(x - lastX), zigzag(y - lastY)];
    [lastX, lastY] = [x, y];
    return out;
  };
  return [9, ...step(points[0]!), ((points.length - 1) << 3) | 2, ...points.slice(1).flatMap(step), ...(area ? [15] : [])];
}

/** A PMTiles file of version 3 with one tile: nothing is packed. */
export function pmtiles(shapes: readonly Shape[], attribution: string): Uint8Array {
  const data = tile(shapes);
  const entries = new BinaryWriter();
  // One entry: tile 0, run of 1, its length, and its place plus one.
  for (const number of [1, 0, 1, data.length, 1]) entries.uint32(number);
  const directory = entries.finish();
  const metadata = new TextEncoder().encode(JSON.stringify({ attribution }));
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  new Uint8Array(header.buffer).set(new TextEncoder().encode("PMTiles"));
  header.setUint8(7, 3);
  const at = HEADER_BYTES;
  const sizes = [at, directory.length, at + directory.length, metadata.length, 0, 0, at + directory.length + metadata.length, data.length, 1, 1, 1];
  sizes.forEach((size, place) => header.setBigUint64(8 + place * 8, BigInt(size), true));
  header.setUint8(96, 1);
  header.setUint8(97, 1);
  header.setUint8(98, 1);
  header.setUint8(99, 1);
  return Buffer.concat([Buffer.from(header.buffer), directory, metadata, data]);
}
