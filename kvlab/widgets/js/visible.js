// Text that hides something shows what it hides.

const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u115F\u1160\u3164\uFFA0\u2800]|[\uFE00-\uFE0F]/gu;

/**
 * Write characters that can not be seen, or turn the direction of text, by their code.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(HIDDEN, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0").toUpperCase()}`);
}

/**
 * Return the texts within a value that hide something, each with what it hides; lines may be broken.
 * @param {unknown} value
 * @returns {string[]}
 */
export function hiding(value) {
  if (value !== null && typeof value === "object") return Object.values(value).flatMap(hiding);
  const text = typeof value === "string" ? value.replace(/[\t\r\n]+/g, " ") : "";
  return visible(text) === text ? [] : [visible(text)];
}

/**
 * Write a number of octets as people read it.
 * @param {number} octets
 */
export function sizeWords(octets) {
  return octets < 10_000 ? `${octets} octets` : `${(octets / 2 ** 20).toFixed(1)} MB`;
}
