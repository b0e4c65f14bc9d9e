// Shapes of the contract as shapes of the map.
import { containsCoordinate, getArea, getCenter, getIntersection, isEmpty, type Extent } from "ol/extent.js";
import MultiPolygon from "ol/geom/MultiPolygon.js";
import { circular } from "ol/geom/Polygon.js";
import GeometryCollection from "ol/geom/GeometryCollection.js";
import LineString from "ol/geom/LineString.js";
import OlPoint from "ol/geom/Point.js";
import OlPolygon from "ol/geom/Polygon.js";
import type OlGeometry from "ol/geom/Geometry.js";
import { fromLonLat } from "ol/proj.js";
import type { Geometry, Position } from "../gen/polder/v1/geometry_pb.ts";

const at = (position: Position): number[] => fromLonLat([position.longitude, position.latitude]);
const VIEW = "EPSG:3857";

/** `undefined` for a shape that says nothing, or that this program does not know. */
export function shapeOf(geometry: Geometry | undefined): OlGeometry | undefined {
  const shape = geometry?.shape;
  switch (shape?.case) {
    case "point":
      return new OlPoint(at(shape.value));
    case "line":
      return new LineString(shape.value.points.map(at));
    case "polygon":
      return new OlPolygon(shape.value.rings.map((ring) => ring.points.map(at)));
    case "circle": {
      const { center, radiusM } = shape.value;
      if (!center) return undefined;
      return circular([center.longitude, center.latitude], radiusM, 64).transform("EPSG:4326", VIEW);
    }
    case "multi": {
      const parts = shape.value.geometries.map(shapeOf).filter((part) => part !== undefined);
      return parts.length > 0 ? new GeometryCollection(parts) : undefined;
    }
    default:
      return undefined;
  }
}

/** The largest of several parts; what is one is itself. */
export function largest(geometry: OlGeometry | undefined): OlGeometry | undefined {
  const parts = geometry instanceof GeometryCollection ? geometry.getGeometries() : geometry instanceof MultiPolygon ? geometry.getPolygons() : [];
  const size = (one: OlGeometry): number => getArea(one.getExtent());
  return parts.length > 0 ? parts.reduce((best, one) => (size(one) > size(best) ? one : best)) : geometry;
}

const STEPS = 9;

/** Where a name of an area stands: in its middle, or else in the middle of what is seen of it. */
export function spot(geometry: OlGeometry | undefined, view: Extent): number[] | undefined {
  const part = largest(geometry);
  if (!(part instanceof OlPolygon) || isEmpty(view)) return undefined;
  const middle = part.getInteriorPoint().getCoordinates().slice(0, 2);
  if (containsCoordinate(view, middle)) return middle;
  const seen = getIntersection(part.getExtent(), view);
  if (isEmpty(seen)) return undefined;
  const [x = 0, y = 0] = getCenter(seen);
  let best: [number, number[]] | undefined;
  for (let column = 0; column < STEPS; column += 1) {
    for (let row = 0; row < STEPS; row += 1) {
      const point = [seen[0]! + ((column + 0.5) / STEPS) * (seen[2]! - seen[0]!), seen[1]! + ((row + 0.5) / STEPS) * (seen[3]! - seen[1]!)];
      const away = Math.hypot(point[0]! - x, point[1]! - y);
      if ((!best || away < best[0]) && part.intersectsCoordinate(point)) best = [away, point];
    }
  }
  return best?.[1];
}
