// Whether Envoy takes a regular expression. Its RE2 reads texts as bytes, and knows fewer names of classes than the library
// that stands for it here.
import { RE2JS, RE2JSException } from "re2js";
import { memoizeTexts } from "../base/memo.ts";

/** What is wrong with an expression, as RE2 says it; undefined when Envoy takes it. */
export function re2Fault(regex: string): string | undefined {
  return faults(regex, () => syntaxFault(regex) ?? byteFault(regex));
}

/** The same expressions come again with every change of their object. */
const faults = memoizeTexts<string | undefined>();

function syntaxFault(regex: string): string | undefined {
  try {
    RE2JS.compile(regex);
    return undefined;
  } catch (error) {
    if (error instanceof RE2JSException) return error.message.replace(/^error parsing regexp: /, "");
    throw error;
  }
}

const escapes = /\\Q[\s\S]*?(?:\\E|$)|\\x\{([0-9a-fA-F]+)\}|\\([4-7][0-7]{2})|\\[pP]\{\^?([^}]*)\}|\\[\s\S]/g;

function byteFault(regex: string): string | undefined {
  for (const [written, hex, octal, name] of regex.matchAll(escapes)) {
    if (octal !== undefined || (hex !== undefined && Number.parseInt(hex, 16) > 0xff)) {
      return `invalid escape sequence: \`${written}\` is no byte`;
    }
    if (name !== undefined && !categories.test(name) && !scripts.has(name)) {
      return `invalid character class range: \`${written}\``;
    }
  }
  return undefined;
}

const categories = /^(Any|C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;

/** Scripts of Unicode 15, as the RE2 in Envoy 1.40 knows them: each was asked for. */
const scripts: ReadonlySet<string> = new Set(
  [
    "Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki",
    "Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee",
    "Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra",
    "Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati",
    "Gunjala_Gondi Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited",
    "Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi",
    "Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian",
    "Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui",
    "Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari",
    "Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic",
    "Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage",
    "Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan",
    "Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri",
    "Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan",
    "Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Zanabazar_Square",
  ]
    .join(" ")
    .split(" "),
);
