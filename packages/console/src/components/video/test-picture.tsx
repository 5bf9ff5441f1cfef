import { useReducedMotion } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import type { Camera } from "../../live/timeline.js";

// The picture that the demo shows in place of a stream: a person at a desk, who moves a little. It is drawn here, and costs next to nothing.

const WIDTH = 192;
const HEIGHT = 108;
const DRAWN_EVERY_MS = 250;

/** A number from 0 to 1 that belongs to a text. */
const numberOf = (text: string, salt: number): number => {
  let hash = 2166136261 ^ salt;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619);
  // Ids in a row differ in their last digit only: each bit has to reach all others.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
};

const HAIR = ["#1d1a19", "#2b2320", "#3a2a20", "#55402c", "#171a20"];
const SKIN = ["#e3b998", "#d8a985", "#c8946f", "#efcbb0", "#a9744f"];

const pick = (colours: readonly string[], by: number): string =>
  colours[Math.min(colours.length - 1, Math.floor(by * colours.length))] ?? "#888";

/** Draws the picture of a camera as it is at a moment. */
const drawTestPicture = (
  canvas: CanvasRenderingContext2D,
  { seed, camera, at }: { readonly seed: string; readonly camera: Camera; readonly at: number },
): void => {
  const number = (salt: number) => numberOf(seed, salt);
  const seconds = at / 1000 + number(1) * 60;
  const hue = Math.round(190 + number(2) * 60);
  const room = canvas.createLinearGradient(0, 0, WIDTH, HEIGHT);
  room.addColorStop(0, `hsl(${hue} 14% ${46 + number(3) * 16}%)`);
  room.addColorStop(1, `hsl(${hue} 12% ${28 + number(4) * 10}%)`);
  canvas.fillStyle = room;
  canvas.fillRect(0, 0, WIDTH, HEIGHT);
  const box = (colour: string, x: number, y: number, width: number, height: number) => {
    canvas.fillStyle = colour;
    canvas.fillRect(x, y, width, height);
  };
  const round = (colour: string, x: number, y: number, rx: number, ry: number) => {
    canvas.fillStyle = colour;
    canvas.beginPath();
    canvas.ellipse(x, y, rx, ry, 0, 0, Math.PI * 2);
    canvas.fill();
  };
  // A window or a shelf behind.
  const side = number(5) < 0.5 ? 16 : 138;
  box(`hsl(${hue} 30% ${66 + number(6) * 16}%)`, side, 12, 38, 44);
  box(`hsl(${hue} 10% 40%)`, side + 18, 12, 2, 44);
  const sway = Math.sin(seconds / 1.7) * 2.2 + Math.sin(seconds / 5.3 + number(7)) * 3;
  const nod = Math.sin(seconds / 2.3 + number(8) * 6) * 1.6;
  const [shirt, hair, skin] = [
    `hsl(${Math.round(number(9) * 360)} 24% 42%)`,
    pick(HAIR, number(10)),
    pick(SKIN, number(11)),
  ];
  if (camera === "pc") {
    // In front of the PC: head and shoulders.
    const x = WIDTH / 2 + sway;
    round(shirt, x, 112, 48, 36);
    box(skin, x - 8, 70, 16, 16);
    round(hair, x, 46 + nod, 23, 25);
    round(skin, x, 52 + nod, 18, 22);
  } else {
    // The phone at the side: the person, the desk, the screen, and the hand that writes.
    const x = 66 + sway;
    round(shirt, x, 92, 30, 36);
    round(hair, x, 40 + nod, 17, 18);
    round(skin, x + 5, 43 + nod, 13, 15);
    box(`hsl(30 22% ${34 + number(12) * 12}%)`, 0, 84, WIDTH, 24);
    box("#22262b", 128, 52, 42, 30);
    box(`hsl(${hue} 50% 84%)`, 131, 55, 36, 24);
    box("#f4f4f0", 86, 86, 30, 9);
    round(skin, 98 + Math.sin(seconds * 2.6) * 5, 88, 5, 3.5);
  }
  // Noise of the sensor, so that it is seen to move.
  for (let dot = 0; dot < 24; dot += 1)
    box(
      "rgb(255 255 255 / 7%)",
      (numberOf(seed, dot + Math.floor(at / DRAWN_EVERY_MS)) * WIDTH) | 0,
      (numberOf(seed, dot * 31 + Math.floor(at / DRAWN_EVERY_MS)) * HEIGHT) | 0,
      2,
      2,
    );
};

/** The picture, which moves while it is on the screen, unless the person wants less motion. */
export function TestPicture({
  seed,
  camera,
  isOn,
  label,
  className,
}: {
  seed: string;
  camera: Camera;
  isOn: boolean;
  label: string;
  className: string | undefined;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const isStill = useReducedMotion();
  useEffect(() => {
    const context = canvas.current?.getContext("2d", { alpha: false });
    if (!context || !isOn) return;
    const draw = () => drawTestPicture(context, { seed, camera, at: isStill ? 0 : Date.now() });
    draw();
    if (isStill) return;
    const timer = setInterval(draw, DRAWN_EVERY_MS);
    return () => clearInterval(timer);
  }, [seed, camera, isOn, isStill]);
  return (
    <canvas ref={canvas} width={WIDTH} height={HEIGHT} role="img" aria-label={label} className={className} />
  );
}
