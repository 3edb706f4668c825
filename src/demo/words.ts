export type Language = 'pt' | 'en';

function listed(text: string): string[] {
  return text.split(',').map((item) => item.trim());
}

export const FIRST_NAMES: Readonly<Record<Language, readonly string[]>> = {
  pt: listed(`
    Inês, João, Beatriz, Tomás, Leonor, Duarte, Mariana, Gonçalo, Matilde, Simão, Conceição, Rita, Álvaro,
    Joana, Estêvão, Lúcia, Martim, Catarina, Vasco, Graça, Afonso, Teresa, António, Benedita, Sebastião,
    Fátima, Luís, Carlota, Zé Maria, Íris, Nuno, Amélia`),
  en: listed(`
    Alice, Oliver, Harriet, Theo, Imogen, Arthur, Poppy, Rufus, Clementine, Hugo, Matilda, Jasper, Zoë, Finn,
    Beatrix, Silas, Maeve, Noah, Siobhán, Leo, Wren, Ezra, Chloë, Barnaby`),
};

export const LAST_NAMES: Readonly<Record<Language, readonly string[]>> = {
  pt: listed(`
    Carvalho, Simões, Magalhães, Brandão, da Conceição, Araújo, Leitão, Sá Pereira, Furtado, Vilhena, d'Orey,
    Quintão, Assunção, Pacheco, Mourão, Lobo Antunes, Falcão, Guimarães, Bettencourt, Sequeira, Sant'Ana,
    Teixeira, Portugal, Queirós, Vaz, do Ó, Câmara, Esteves, Pessanha, Nóbrega`),
  en: listed(`
    O'Connor, Whitfield, Ashdown, D'Souza, Pemberton, Nightingale, Fairweather, MacLeod, Brontë-Hughes,
    Hargreaves, Oakley, O'Neill, Thistlewood, Kingfisher, Lovell, Marlowe, Penrose, Quill, Ravenscroft,
    Sweeney, Underhill, Winterbourne`),
};

/** Who a story is about, where, and the twist; a title is the hero and a twist. */
export const HEROES: Readonly<Record<Language, readonly string[]>> = {
  pt: listed(`
    A raposa Filomena, O dragão de Sintra, O elétrico 28, A sardinha Serafina, O faroleiro distraído,
    O galo de Barcelos, A avó Amélia, O gato da Mouraria, A menina do mar, O pirata da Ericeira,
    A baleia dos Açores, O burrinho Baltazar, A nuvem Constança, O robô Zacarias, A bruxa de Óbidos,
    O pastel de nata fugitivo, A cegonha Eulália, O pequeno astrónomo, A lontra do Tejo, O monstro das meias,
    A princesa despenteada, O ouriço Inácio, A coruja de Coimbra, O comboio do Douro, A gaivota Gertrudes,
    O tio Anacleto`),
  en: listed(`
    The Clockwork Badger, Captain Marmalade, The Smallest Giant, Penelope Puddle, The Lighthouse Mouse,
    Grandpa’s Submarine, The Owl Who Stayed Up, Sir Wobbleton, The Moon’s Apprentice, Dot & the Dragon,
    The Reluctant Pirate, Milo the Mapmaker, The Paper Fox, Queen Nettle, The Last Snowman, Otter & Son,
    A Bear Called Thursday, The Cloud Shepherd, Juniper Jones, The Postman's Parrot, The Invisible Zebra,
    Robot Number Nine`),
};

export const TWISTS: Readonly<Record<Language, readonly string[]>> = {
  pt: listed(`
    e o mapa de açúcar, que tinha medo do escuro, e as sete luas, à procura do inverno,
    e a biblioteca submersa, que colecionava saudades, e o comboio para as estrelas, que não sabia assobiar,
    e o segredo do moinho, no país das marés, e a chave de cortiça, que adormeceu o vento,
    e o piano que espirrava, contra o aborrecimento, e a última ginjinha do mundo, que pintou o nevoeiro,
    e o jardim suspenso, vai à escola, e a noite mais comprida, que ouvia as pedras, e o baile dos vaga-lumes,
    perdeu o sono`),
  en: listed(`
    and the Biscuit Thief, Goes to Sea, and the Upside-Down Rain, Learns to Whistle,
    and the Library of Lost Socks, Finds a Door, and the Very Quiet Dragon, Saves Tuesday,
    and the Midnight Bakery, at the Bottom of the Garden, and the Map of Everything, Forgets How to Fly,
    and the Wolf Next Door, Builds a Comet, and the Singing Stone, Meets the Tide, and the Thirteenth Star,
    Runs Away to Lisbon, and the Button War, Says Goodbye to Winter`),
};

export const PLACES: Readonly<Record<Language, readonly string[]>> = {
  pt: listed(`
    Alfama, a serra da Estrela, um farol nas Berlengas, a ria Formosa, um moinho em Odeceixe, o Chiado à noite,
    uma aldeia de xisto, a ilha do Corvo, o fundo do poço da quinta, uma padaria em Évora`),
  en: listed(`
    a harbour town in Cornwall, the attic at Number 12, a forest that hums, the last stop of the night bus,
    an island shaped like a boot, a bakery on the moon, the school at the end of the pier, a very tall library`),
};

/** What a story is told like: {hero} and {place} are filled in. */
export const SENTENCES: Readonly<Record<Language, readonly string[]>> = {
  pt: [
    '{hero} vive em {place} e nunca viu a neve, embora guarde um floco de papel dentro de um livro.',
    'A história é para uma criança de seis anos que faz muitas perguntas antes de adormecer.',
    'No segundo capítulo alguém bate à porta com uma caixa que não pára de espirrar.',
    'Mantém o tom caloroso, com humor, e evita moralismos no fim de cada capítulo.',
    'O vilão não é mau: tem apenas muita vergonha de dançar à frente dos outros.',
    'Descreve {place} pelos cheiros — pão quente, maresia, chuva em pedra — antes de a descrever pelas cores.',
    'Quando a maré desce, aparecem degraus que ninguém em {place} se lembra de ter construído.',
    'A avó responde sempre com provérbios inventados, e um deles resolve o mistério.',
    'Usa frases curtas nas cenas de ação e diálogos com travessão, em português europeu.',
    '{hero} promete voltar antes do jantar; a promessa é quebrada apenas por onze minutos.',
    'Inclui um momento de silêncio em que os dois amigos olham para as estrelas sem dizer nada.',
    'O irmão mais novo chama-se Tomé, tem óculos azuis e um caracol chamado Relâmpago.',
    'O mapa só se lê ao contrário, e só quando alguém está a rir.',
    'Termina o capítulo com uma pergunta que faça virar a página.',
  ],
  en: [
    '{hero} lives in {place} and has never once been on time for breakfast.',
    'The story is for a seven-year-old who loves maps, beetles and being read to twice.',
    'Keep the tone warm and a little mischievous; no lesson may be spelled out at the end.',
    'In chapter two a parcel arrives that is addressed to somebody who has not been born yet.',
    'The villain is not wicked, only dreadfully tidy, and is afraid of the sea.',
    'Describe {place} by its sounds first: kettles, gulls, a piano two floors down.',
    'Every door in {place} opens for {hero} except the small green one behind the clock.',
    'Use short paragraphs, British spelling, and at least one joke that only a parent will get.',
    'Grandmother knits the weather, and today she has dropped a stitch.',
    'The best friend has a wheelchair called Thunder and the loudest laugh in the school.',
    'Let the two of them disagree, and let both of them be partly right.',
    'A line from the first page must come back on the last one, meaning something else.',
    'The moon is low enough to touch on Thursdays, which everybody agrees is inconvenient.',
    'End the chapter one sentence earlier than feels comfortable.',
  ],
};

/** What people really type into the notes of a story, and must never run anywhere. */
export const HOSTILE_NOTES = [
  '<script>alert(1)</script>',
  '<img src=x onerror="alert(document.cookie)">',
  '"><svg onload=alert(1)>',
  '</pre></td></table><h1>Olá & adeus</h1>',
  '=HYPERLINK("https://example.com/?q="&A1,"Clique aqui")',
  "@SUM(1+1)*cmd|' /C calc'!A0",
  "'; DROP TABLE token_usage_tracking; --",
  '+351 912 345 678 — ligar depois das 18h',
  '{{7*7}} <%= process.env %> #{7*7}',
  'right-to-left \u202Egnp.exe and zero\u200Bwidth 🦔✨',
] as const;

/** Titles that authors gave themselves, on the first story of that many days after the first. */
export const TITLES_BY_DAY: Readonly<Record<number, string>> = {
  41: '🦔 Um ouriço no Metro — Terreiro do Paço',
  57: 'Ç, ã, õ & outras letras que fugiram do alfabeto',
  73: "L'heure d'été: o dia que só tinha 23 horas",
  92: 'The "Very" Long Title of a Story That Would Not Stop Until Somebody, Anybody, Promised the Girl From Number 7 That There Would Be Pancakes, and Also Treasure, and Also a Dog',
  99: "D'Artagnan & os três mosquitos",
  109: 'O dragão <b>negrito</b>',
  113: '<script>alert("era uma vez")</script>',
  121: '100% Verdade: a menina que lia _tudo_',
  124: '=SOMA(Estrelas;Lua)',
  127: "Tom & Jerónimo: 'o reencontro'",
};

/** Display names that authors gave themselves, by the author's number. */
export const NAMES_BY_AUTHOR: Readonly<Record<number, string>> = {
  3: 'Zé "Pipas" & Filhos',
  8: '<b>Marta</b> Vale',
  13: "Aoife O'Súilleabháin-D'Arcy",
  21: 'Ана Ковач',
  34: 'mãe da Leonor ♥',
};
