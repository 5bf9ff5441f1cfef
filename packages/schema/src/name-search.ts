// Which people a search finds, at the server and in pages: by what their name or id contains, and by the first letters of their name, as people type them.

const LETTERS = "ABCDEFGHJKLMNOPQRSTWXYZ";
/** CLDR begins each letter of the pinyin order with an entry of this prefix, which is no character of a text. Only letters that begin a syllable have one. */
const LETTER_MARK = "\uFDD0";
/** The last character whose reading the order knows. What comes after it is sorted by its strokes. */
const LAST_READ = "咗";
const HAN = /^\p{Script=Han}$/u;
const WORDS = /\p{Script=Han}|[\p{L}\p{N}]+/gu;

const pinyin = new Intl.Collator("zh-u-co-pinyin");

/** Returns the letter with which the usual reading of a Chinese character begins, if it is known. */
const letterOf = (character: string): string | undefined => {
  if (pinyin.compare(character, LAST_READ) > 0) return undefined;
  let [low, high] = [0, LETTERS.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (pinyin.compare(LETTER_MARK + LETTERS.charAt(middle), character) <= 0) low = middle + 1;
    else high = middle;
  }
  return LETTERS.charAt(low - 1).toLowerCase() || undefined;
};

/** Makes texts comparable: it ignores case and width. */
const folded = (text: string): string => text.normalize("NFKC").toLowerCase();

/**
 * Makes a function that returns the first letters of a name: of each Chinese character, and of each word in another script. It looks up each
 * character once, because a comparison of the order takes much longer.
 */
export const createFirstLetters = (): ((name: string) => string) => {
  const known = new Map<string, string>();
  return (name) => {
    let letters = "";
    for (const [word] of folded(name).matchAll(WORDS)) {
      let letter = known.get(word);
      if (letter === undefined) {
        letter = HAN.test(word) ? (letterOf(word) ?? "") : String.fromCodePoint(word.codePointAt(0) ?? 0);
        // Words without a bound on their number are as quick to look at again.
        if (HAN.test(word)) known.set(word, letter);
      }
      letters += letter;
    }
    return letters;
  };
};

/** Makes the condition of a search: whether the name or the id of a person contains a text, or the first letters of the name do. */
export const searchFor = (
  text: string,
): ((person: { readonly userId: string; readonly name: string }) => boolean) => {
  const wanted = folded(text);
  const firstLetters = createFirstLetters();
  return ({ userId, name }) =>
    folded(name).includes(wanted) || folded(userId).includes(wanted) || firstLetters(name).includes(wanted);
};
