import { describe, expect, it } from "vitest";
import { ProtobufWriter } from "./protobuf.js";

const hex = (writer: ProtobufWriter) => Buffer.from(writer.finish()).toString("hex");

describe("ProtobufWriter", () => {
  it("writes the examples of protobuf's own guide", () => {
    expect(hex(new ProtobufWriter().integer(1, 150))).toBe("089601");
    expect(hex(new ProtobufWriter().string(2, "testing"))).toBe("120774657374696e67");
    expect(hex(new ProtobufWriter().message(3, (nested) => nested.integer(1, 150)))).toBe("1a03089601");
  });

  it("writes -1 in ten bytes and numbers above 32 bits whole", () => {
    expect(hex(new ProtobufWriter().integer(1, -1))).toBe("08ffffffffffffffffff01");
    expect(hex(new ProtobufWriter().integer(1, 2 ** 40))).toBe("08808080808020");
  });

  it("writes floats as four little-endian bytes, and field numbers over 15 in two", () => {
    expect(hex(new ProtobufWriter().float(2, 1))).toBe("150000803f");
    expect(hex(new ProtobufWriter().integer(20, 2))).toBe("a00102");
  });
});
