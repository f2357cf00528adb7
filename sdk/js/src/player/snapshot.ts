/** Burns a watermark into a picture, in three rows; '' burns nothing. */
export function drawWatermark(c: CanvasRenderingContext2D, width: number, height: number, watermark: string, columns: number): void {
  if (watermark === '') return;
  c.font = `${Math.max(12, Math.round(height / 28))}px system-ui, sans-serif`;
  c.textAlign = 'center';
  c.textBaseline = 'middle';
  c.fillStyle = 'rgb(255 255 255 / .38)';
  c.shadowColor = 'rgb(0 0 0 / .6)';
  c.shadowBlur = 2;
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < columns; column++) {
      c.save();
      c.translate(((column + 0.5) * width) / columns, ((row + 0.5) * height) / 3);
      c.rotate(-Math.PI / 10);
      c.fillText(watermark, 0, 0);
      c.restore();
    }
  }
}

/** A still of a video with its watermark burnt in, as PNG. Fails when no picture has been decoded yet. */
export async function takeSnapshot(video: HTMLVideoElement, watermark: string): Promise<Blob> {
  const { videoWidth: width, videoHeight: height } = video;
  if (width === 0 || height === 0) throw new DOMException('no picture yet', 'InvalidStateError');
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const c = canvas.getContext('2d');
  if (c === null) throw new DOMException('no canvas', 'NotSupportedError');
  c.drawImage(video, 0, 0, width, height);
  drawWatermark(c, width, height, watermark, 3);
  return new Promise((resolve, reject) =>
    canvas.toBlob((b) => (b === null ? reject(new DOMException('no still', 'EncodingError')) : resolve(b)), 'image/png'),
  );
}

/** Offers a blob to the browser's downloads. */
export function save(blob: Blob, name: string): void {
  const a = document.createElement('a');
  a.href = URL.createObjectURL(blob);
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}
