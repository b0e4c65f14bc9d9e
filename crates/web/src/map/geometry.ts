// Shapes of the contract as shapes of the map.
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
