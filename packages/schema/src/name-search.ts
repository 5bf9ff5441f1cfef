// Which people a search finds, at the server and in pages: by what their name or id contains, and by how the words of the name begin, as
// people type them.

/**
 * The syllables of pinyin, each after the first of its characters in the pinyin order of CLDR. Some are the second or third, so that ICU 71 and
 * all later versions sort this list as it stands here. It leaves out syllables that no name has.
 */
const SYLLABLES = `
阿a哎ai安an肮ang凹ao丷ba紦bai扳ban邦bang勹bao忁bei奔ben獖beng屄bi边bian灬biao憋bie汃bin氞bing癶bo峬bu嚓ca偲cai参can仓cang撡cao艹ce嵾cen曽ceng叉cha芆chai辿chan
伥chang蟐chao车che抻chen阷cheng吃chi充chong抽chou出chu歘chua揣chuai巛chuan刅chuang吹chui旾chun逴chuo呲ci匆cong凑cou粗cu汆cuan崔cui乼cun搓cuo咑da呆dai丹dan
当dang刀dao嘚de扥den灯deng氐di敁dian刁diao爹die丁ding丟diu东dong吺dou厾du耑duan垖dui吨dun多duo妸e诶ei奀en鞥eng儿er发fa帆fan匚fang飞fei分fen丰feng覅fo紑fou夫fu旮ga
侅gai甘gan冈gang皋gao戈ge给gei根gen刯geng工gong勾gou估gu瓜gua乖guai关guan光guang欟gui丨gun呙guo哈ha咍hai佄han夯hang茠hao诃he黒hei拫hen亨heng噷hong齁hou乎hu花hua
怀huai欢huan巟huang灰hui昏hun吙huo丌ji加jia戋jian橺jiang艽jiao鵤jie巾jin坕jing燝jiong丩jiu凥ju爠juan噘jue军jun咔ka开kai刊kan忼kang尻kao匼ke剋kei肎ken劥keng
空kong抠kou扝ku夸kua蒯kuai宽kuan匡kuang亏kui鑎kun尡kuo垃la来lai兰lan啷lang唥lao躼le雷lei崚leng哩li俩lia奁lian良liang煷liao毟lie拎lin伶ling瀮liu囖long瞜lou噜lu
驴lü娈luan掠lüe擽lun溣luo妈ma埋mai嫚man牤mang猫mao嚒me癦mei椚men擝meng咪mi宀mian喵miao乜mie民min名ming谬miu摸mo哞mou毪mu拏na腉nai囡nan囔nang孬nao疒ne娞nei恁nen
能neng妮ni拈nian娘niang鸟niao捏nie囜nin宁ning妞niu农nong羺nou譳nu女nü奻nuan疟nüe黁nuo喔o讴ou妑pa拍pai眅pan乓pang抛pao呸pei喷pen匉peng丕pi囨pian剽piao氕pie姘pin
乒ping钋po剖pou仆pu巬qi掐qia千qian呛qiang悄qiao苆qie亲qin靑qing卭qiong丘qiu区qu迲quan韏que夋qun呥ran穣rang娆rao惹re人ren扔reng日ri囸rong厹rou邚ru挼rua堧ruan婑rui
瞤run捼ruo仨sa虄sai三san橵sang掻sao閪se森sen僧seng杀sha繌shai山shan伤shang弰shao奢she谁shei申shen升sheng尸shi収shou书shu刷shua衰shuai闩shuan双shuang脽shui
吮shun说shuo厶si忪song凁sou苏su狻suan夊sui孙sun唆suo他ta囼tai粏tan賧tang夲tao忑te熥teng剔ti天tian旫tiao螩tie厅ting囲tong偷tou綉tu湍tuan推tui吞tun畽tuo屲wa歪wai
弯wan贃wang危wei煀wen呚weng挝wo乌wu錻xi霼xia仙xian乡xiang灱xiao恷xie心xin星xing裄xiong休xiu吁xu吅xuan削xue坃xun丫ya恹yan央yang羪yao鑰ye一yi囙yin应ying哟yo佣yong
优you蒏yu囦yuan曰yue晕yun繧za災zai兂zan匨zang傮zao则ze伬zei怎zen譛zeng扎zha夈zhai枬zhan张zhang佋zhao蜇zhe贞zhen凧zheng之zhi徔zhong州zhou朱zhu抓zhua檛zhuai
专zhuan妆zhuang隹zhui宒zhun準zhuo乲zi宗zong邹zou租zu钻zuan厜zui穝zun譐zuo
`;
/** The last character whose reading the order knows. What comes after it is sorted by its strokes. */
const LAST_READ = "咗";
const HAN = /^\p{Script=Han}$/u;
const WORDS = /\p{Script=Han}|[\p{L}\p{N}]+/gu;

/** Makes a function that returns the syllable of the usual reading of a Chinese character, if it is known. */
const createSyllableOf = (): ((character: string) => string | undefined) => {
  const { compare } = new Intl.Collator("zh-u-co-pinyin");
  const firstCharacters: readonly string[] = SYLLABLES.match(/\p{Script=Han}/gu) ?? [];
  const readings: readonly string[] = SYLLABLES.match(/[a-zü]+/g) ?? [];
  /** Browsers without the pinyin order sort by another one, in which no syllable can be looked up. */
  const isOrdered = firstCharacters.every(
    (character, at) => compare(firstCharacters[at - 1] ?? "", character) < 0,
  );
  return (character) => {
    if (!isOrdered || compare(character, LAST_READ) > 0) return undefined;
    let [low, high] = [0, firstCharacters.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(firstCharacters[middle] ?? "", character) <= 0) low = middle + 1;
      else high = middle;
    }
    return readings[low - 1];
  };
};
// Bundlers leave it out of programs that do not search.
const syllableOf = /* @__PURE__ */ createSyllableOf();

/** Makes texts comparable: it ignores case, width and accents. */
const folded = (text: string): string =>
  text
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .normalize("NFKC")
    .toLowerCase();

/** Makes a function that returns the words of a folded name, and the syllable of each Chinese character as a word. */
const createWordsOf = (): ((name: string) => readonly string[]) => {
  // A comparison of the order takes much longer than a look-up.
  const known = new Map<string, string>();
  return (name) =>
    (name.match(WORDS) ?? []).map((word) => {
      if (!HAN.test(word)) return word;
      const syllable = known.get(word) ?? syllableOf(word) ?? "";
      known.set(word, syllable);
      return syllable;
    });
};

/** Pinyin's ü is typed as v, or as u. */
const isTyped = (letter: string | undefined, typed: string | undefined): boolean =>
  letter === typed || (letter === "ü" && (typed === "u" || typed === "v"));

/** Whether a text consists of the beginnings of consecutive words: `wf`, `wangf` and `wfang` of `wang fang`. */
const consistsOfBeginnings = (text: string, words: readonly string[]): boolean => {
  let ends: ReadonlySet<number> = new Set();
  for (const word of words.filter(Boolean)) {
    const next = new Set<number>();
    for (const from of [0, ...ends])
      for (let at = 0; at < word.length && isTyped(word[at], text[from + at]); at += 1) {
        if (from + at + 1 === text.length) return true;
        next.add(from + at + 1);
      }
    ends = next;
  }
  return false;
};

/**
 * Makes the condition of a search: whether the name or the id of a person contains a text, or the text consists of beginnings of the name's
 * words. Case, width and accents do not matter.
 */
export const searchFor = (
  text: string,
): ((person: { readonly userId: string; readonly name: string }) => boolean) => {
  const wanted = folded(text);
  const letters = (wanted.match(WORDS) ?? []).join("");
  const wordsOf = createWordsOf();
  return (person) => {
    const name = folded(person.name);
    return (
      name.includes(wanted) ||
      folded(person.userId).includes(wanted) ||
      consistsOfBeginnings(letters, wordsOf(name))
    );
  };
};
