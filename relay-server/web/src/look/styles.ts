/** The style sheets. They are adopted, never written as `<style>`, so that `style-src 'self'` of the page is enough. */

/** What the shell and the frame share. `[data-part=root]` bears the custom properties of `theme.ts`. */
const SHARED = `
*,*::before,*::after{box-sizing:border-box}
[data-part=root]{font:400 var(--size)/1.5 var(--font);color:var(--text);text-align:start;-webkit-font-smoothing:antialiased;overflow-wrap:anywhere;font-synthesis:none}
h2,h3,p,ul,fieldset,dl{margin:0;padding:0;border:0}
h2{font-size:1.2em;font-weight:650;line-height:1.3;letter-spacing:-.01em}
h3,legend,label{font-size:1em;font-weight:600;line-height:1.4;padding:0}
ul{list-style:none}
a{color:var(--accent-ink);text-underline-offset:.18em}
.muted,.small{color:var(--muted)}
.small{font-size:.867em}
.icon{inline-size:1.2em;block-size:1.2em;flex:none;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
button{font:inherit;font-weight:600;color:inherit;margin:0;cursor:pointer;min-block-size:36px;padding:6px 14px;border:1px solid var(--outline);border-radius:calc(var(--radius)*.8);background:var(--background);transition:background-color .12s}
button:hover{background:var(--raised)}
button.primary{background:var(--accent);color:var(--on-accent);border-color:transparent;min-block-size:44px;inline-size:100%}
button.primary:hover{background:var(--accent-hover)}
button.danger{color:var(--danger)}
button.plain{border-color:transparent;background:transparent}
button.link{min-block-size:28px;padding:2px 4px;border:0;background:none;color:var(--accent-ink);text-decoration:underline;text-underline-offset:.18em}
button[aria-disabled=true]{cursor:progress;opacity:.75}
:focus{outline:none}
:focus-visible{outline:2px solid var(--accent-ink);outline-offset:2px}
.row{display:flex;flex-wrap:wrap;gap:8px;align-items:center}
.note{display:flex;gap:8px;padding:10px 12px;border-radius:calc(var(--radius)*.8);background:var(--raised);font-size:.933em}
.note>div{min-inline-size:0;flex:1}
.note.danger{background:var(--danger-tint);color:var(--danger)}
.note.warning{background:var(--warning-tint);color:var(--warning)}
.note.success{background:var(--success-tint);color:var(--success)}
.note .icon{margin-block-start:.12em}
.note a{color:inherit}
.spin{inline-size:1.1em;block-size:1.1em;border-radius:50%;border:2px solid currentColor;border-inline-start-color:transparent;animation:spin .8s linear infinite;flex:none}
.hidden{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
[hidden]{display:none!important}
@keyframes spin{to{transform:rotate(1turn)}}
@media (prefers-reduced-motion:reduce){*,*::before,*::after{animation:none!important;transition:none!important}.spin{border-style:dotted}}
@media (forced-colors:active){button,.note,.card{border:1px solid ButtonText}button.primary{border:2px solid ButtonText}:focus-visible{outline:3px solid Highlight}.spin{border-color:CanvasText;border-inline-start-color:Canvas}}
`;

/** The key form, in the frame or, without one, in the shell. */
export const FORM = `
[data-part=form]{display:flex;flex-direction:column;gap:12px}
.field{display:flex;flex-direction:column;gap:6px}
.field .head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:2px 12px}
.input{position:relative;display:flex}
input{font:inherit;color:var(--text);background:var(--background);inline-size:100%;min-inline-size:0;min-block-size:44px;margin:0;padding:8px 12px;border:1px solid var(--outline);border-radius:calc(var(--radius)*.8);appearance:none}
input::placeholder{color:var(--muted);opacity:1}
input[name=key]{padding-inline-end:48px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.933em}
input.masked{-webkit-text-security:disc;text-security:disc}
input:focus-visible{outline:2px solid var(--accent-ink);outline-offset:0;border-color:transparent}
input[aria-invalid=true]{border-color:var(--danger)}
.input button{position:absolute;inset-block:4px;inset-inline-end:4px;min-block-size:36px;inline-size:40px;padding:0;display:grid;place-items:center;border:0;background:transparent;color:var(--muted)}
.primary{display:flex;gap:10px;align-items:center;justify-content:center}
.cue{display:flex;gap:6px;align-items:flex-start;color:var(--muted);font-size:.8em;line-height:1.45}
`;

/** The document of the frame. */
export const FRAME = `
html,body{margin:0;padding:0;background:transparent;overflow:hidden}
[data-part=root]{padding:4px}
${SHARED}${FORM}`;

/** The widget on the page. */
export const SHELL = `
:host{all:initial!important;display:block!important}
${SHARED}
[data-part=root]{background:var(--background);border:1px solid var(--border);border-radius:calc(var(--radius)*1.4);max-inline-size:440px;margin:0;padding:22px;display:flex;flex-direction:column;gap:18px;text-transform:none;white-space:normal;cursor:auto;letter-spacing:normal}
header{display:flex;flex-direction:column;gap:6px}
header .top{display:flex;gap:12px;justify-content:space-between;align-items:flex-start}
header button{padding:0;inline-size:36px;margin:-6px -8px 0 0;display:grid;place-items:center}
.stack{display:flex;flex-direction:column;gap:12px}
footer{display:flex;flex-wrap:wrap;gap:4px 12px;justify-content:space-between;color:var(--muted);font-size:.8em;border-block-start:1px solid var(--border);padding-block-start:14px}
footer span{display:flex;gap:6px;align-items:center;min-inline-size:0}
.providers{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(112px,100%),1fr));gap:8px;margin-block-start:10px}
.card{position:relative;display:flex;gap:10px;align-items:center;padding:11px 12px;min-block-size:48px;border:1px solid var(--outline);border-radius:calc(var(--radius)*.9);cursor:pointer;font-weight:600;transition:background-color .12s}
.card:hover{background:var(--raised)}
.card input{position:absolute;inset:0;inline-size:100%;block-size:100%;min-block-size:0;margin:0;opacity:0;cursor:pointer}
.card:has(input:checked){background:var(--tint);border-color:var(--accent-ink);box-shadow:0 0 0 1px var(--accent-ink)}
.card:has(input:focus-visible){outline:2px solid var(--accent-ink);outline-offset:2px}
.dot{inline-size:16px;block-size:16px;border-radius:50%;border:2px solid var(--outline);flex:none}
.card:has(input:checked) .dot{border:5px solid var(--accent-ink)}
.connection{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;justify-content:space-between;padding:12px 14px;border:1px solid var(--border);border-radius:calc(var(--radius)*.9)}
.connection+.connection{margin-block-start:8px}
.connection .row button{min-block-size:32px;padding:3px 10px;font-size:.867em}
.badge{font-size:.8em;font-weight:600;border-radius:99px;padding:1px 9px;background:var(--raised);color:var(--muted)}
.badge.good{background:var(--success-tint);color:var(--success)}
.badge.bad{background:var(--danger-tint);color:var(--danger)}
.badge.warn{background:var(--warning-tint);color:var(--warning)}
iframe{display:block;border:0;inline-size:calc(100% + 8px);margin:-4px;block-size:0;background:transparent}
.bone{border-radius:calc(var(--radius)*.8);background:linear-gradient(90deg,var(--raised) 25%,var(--border) 50%,var(--raised) 75%) 0/300% 100%;animation:shine 1.6s linear infinite;block-size:48px}
.bone.thin{block-size:20px;inline-size:60%}
@keyframes shine{from{background-position:150% 0}to{background-position:0 0}}
.big{inline-size:44px;block-size:44px;border-radius:50%;display:grid;place-items:center;background:var(--success-tint);color:var(--success);font-size:20px}
.big.bad{background:var(--danger-tint);color:var(--danger)}
h2:focus-visible,h3:focus-visible{outline-offset:4px;border-radius:4px}
dialog{border:0;padding:0;margin:auto;background:transparent;color:inherit;inline-size:min(440px,calc(100vw - 24px));max-block-size:calc(100dvh - 24px);max-inline-size:none;overflow:auto}
dialog::backdrop{background:rgb(10 12 20/.55)}
@media (forced-colors:active){[data-part=root]{border:1px solid CanvasText}.card:has(input:checked){border:3px solid Highlight}.card:has(input:focus-visible){outline:3px solid Highlight}.card:has(input:checked) .dot{border-color:Highlight}.bone{border:1px solid GrayText}}
`;

/** The hosted page around the widget. */
export const HOSTED = `
html{background:#f4f5f8;color-scheme:light}
html.dark{background:#0d0f15;color-scheme:dark}
body{margin:0;min-block-size:100vh;min-block-size:100dvh;display:grid;place-items:start center;padding:max(16px,env(safe-area-inset-top)) 16px 16px;box-sizing:border-box}
#root{inline-size:100%;max-inline-size:440px}
@media (min-width:560px){body{place-items:center}}
@media print{body{display:none}}
`;
