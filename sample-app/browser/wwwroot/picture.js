// Fashion-MNIST's pictures: gray, light on black, with a margin of 4 of 28 pixels.
export async function read(input, side) {
    const bitmap = await createImageBitmap(input.files[0]);
    const canvas = new OffscreenCanvas(side, side), context = canvas.getContext("2d", { willReadFrequently: true });
    const scale = side / Math.max(bitmap.width, bitmap.height), width = bitmap.width * scale, height = bitmap.height * scale;
    context.fillStyle = "white";
    context.fillRect(0, 0, side, side);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, (side - width) / 2, (side - height) / 2, width, height);
    const rgba = context.getImageData(0, 0, side, side).data, gray = new Uint8Array(side * side);
    for (let i = 0; i < gray.length; i++)
        gray[i] = Math.round(0.299 * rgba[4 * i] + 0.587 * rgba[4 * i + 1] + 0.114 * rgba[4 * i + 2]);
    const edge = gray.filter((_, i) => i < side || i >= side * (side - 1) || i % side === 0 || i % side === side - 1);
    const isDark = edge.reduce((sum, value) => sum + value, 0) < 128 * edge.length;
    return isDark ? gray : gray.map(value => 255 - value);
}

export function show(gray, side) {
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
    canvas.width = canvas.height = side;
    const image = context.createImageData(side, side);
    gray.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
    context.putImageData(image, 0, 0);
    return canvas.toDataURL();
}
