// Bytes, pictures and tables that several views share (put between common.js and the view's own file).

/** Bytes of a trait: a DataView from the kernel, or already an array of bytes. */
const bytesOf = (data) => (data?.buffer ? new Uint8Array(data.buffer, data.byteOffset ?? 0, data.byteLength) : new Uint8Array(data ?? 0));

const packed = (table) => new Uint32Array(new Uint8ClampedArray(table.flatMap(([r, g, b]) => [r, g, b, 255])).buffer);
const tables = {};
/** Colours of the bytes 0 … 255, as the 32 bits that a canvas takes. */
const cividisTable = () => (tables.cividis ??= packed(Array.from({ length: 256 }, (_, k) => cividis(k / 255))));
/** The same for differences: 128 is 0, 255 the teacher's side (blue), 1 the student's (orange). */
const differenceTable = () => (tables.difference ??= packed(Array.from({ length: 256 }, (_, k) => diverging(Math.max(-1, (k - 128) / 127)))));

/** Black or white, whichever reads better on this colour. */
function ink(r, g, b) {
  const linear = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) > 0.179 ? "#000" : "#fff";
}

/** A grey picture on a canvas; as in print, more is darker. */
function drawGrey(canvas, bytes, offset, height, width) {
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let k = 0; k < pixels.length; k++) pixels[k] = 0xff000000 | ((255 - bytes[offset + k]) * 0x010101);
  pen.putImageData(image, 0, 0);
}

/** A table of words and numbers, in a box that scrolls by keyboard too. */
function dataTable(title, head, rows) {
  return h("div", { class: "kd-table", tabindex: "0", role: "region", "aria-label": title },
    h("table", {}, h("caption", {}, title),
      h("thead", {}, h("tr", {}, head.map((text) => (text === "" ? h("td") : h("th", { scope: "col" }, text))))),
      h("tbody", {}, rows.map(([first, ...rest]) => h("tr", {}, h("th", { scope: "row" }, first), rest.map((text) => h("td", {}, text)))))));
}

/** A folded part whose contents are built only while it is open: tables of hundreds of rows cost nothing else. */
function lazyDetails(title, build) {
  const inside = h("div", { class: "kd-tables" });
  const el = h("details", { class: "kd-values" }, h("summary", {}, title), inside);
  const draw = () => inside.replaceChildren(...(el.open ? build() : []));
  el.addEventListener("toggle", draw);
  return { el, draw: () => { if (el.open) draw(); } };
}
