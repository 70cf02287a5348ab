/** The style sheets. They are adopted, never written as `<style>`, so that `style-src 'self'` of the page is enough. */

/** Shared by the shell and the engine. `[data-part=root]` has the custom properties of `theme.ts`. */
const SHARED = `
*,*::before,*::after{box-sizing:border-box}
[data-part=root]{font:400 var(--size)/1.5 var(--font);color:var(--text);text-align:start;-webkit-font-smoothing:antialiased;overflow-wrap:anywhere}
:lang(ko){word-break:keep-all}
h2,h3,p,ul{margin:0;padding:0}
h2{font-size:1.27em;font-weight:650;line-height:1.3;letter-spacing:-.01em;text-wrap:balance}
h3{font-size:.933em;font-weight:600;line-height:1.4}
.muted,.small{color:var(--muted)}
.small{font-size:.867em}
.stack{display:flex;flex-direction:column;gap:14px}
.centred{align-items:center;text-align:center;gap:10px}
.icon{inline-size:1.2em;block-size:1.2em;flex:none;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.mark{inline-size:1.8em;block-size:1.8em;stroke-width:1.7}
.big{inline-size:52px;block-size:52px;border-radius:50%;display:grid;place-items:center;background:var(--success-tint);color:var(--success);font-size:22px;margin-block-end:4px}
button{font:inherit;font-weight:600;color:inherit;margin:0;cursor:pointer;min-block-size:40px;padding:6px 14px;border:1px solid var(--outline);border-radius:calc(var(--radius)*.8);background:var(--background)}
button:hover{background:var(--raised)}
button.plain{border-color:transparent}
a{color:var(--accent-ink);text-underline-offset:.18em}
.address{display:block;user-select:all;-webkit-user-select:all;font-size:.867em;color:var(--muted)}
:focus{outline:none}
:focus-visible{outline:2px solid var(--accent-ink);outline-offset:2px}
h2:focus-visible,h3:focus-visible{border-radius:4px}
.hidden{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%)}
[hidden]{display:none!important}
@media (prefers-reduced-motion:reduce){*{animation:none!important}}
@media (forced-colors:active){:focus-visible{outline:3px solid Highlight}}
`;

/** The engine's views, in the frame or, without one, in the shell. */
export const ENGINE = `
ul{list-style:none}
label{font-weight:600}
button.primary{background:var(--accent);color:var(--on-accent);border-color:transparent;min-block-size:46px;inline-size:100%}
button.primary:hover{background:var(--accent-hover)}
button.danger{color:var(--danger)}
button.link{min-block-size:28px;padding:2px 0;border:0;background:none;color:inherit;text-decoration:underline;text-underline-offset:.18em}
button[aria-disabled=true]{cursor:progress;opacity:.75}
.row{display:flex;flex-wrap:wrap;gap:8px;align-items:center}
.grow{flex:1;min-inline-size:9em}
.note{display:flex;flex-wrap:wrap;gap:4px 8px;padding:10px 12px;border-radius:calc(var(--radius)*.8);background:var(--raised);font-size:.933em}
.note>div,.note>span{min-inline-size:0;flex:1}
.danger.note,.danger.badge{background:var(--danger-tint);color:var(--danger)}
.warning{background:var(--warning-tint);color:var(--warning)}
.success{background:var(--success-tint);color:var(--success)}
.note .icon{margin-block-start:.12em}
.note a,.note .address{color:inherit}
.connection{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;padding:14px;border:1px solid var(--border);border-radius:calc(var(--radius)*.9)}
.about{display:flex;flex-wrap:wrap;column-gap:10px}
.connection+.connection{margin-block-start:8px}
.connection button{min-block-size:32px;padding:3px 10px;font-size:.867em}
.badge{font-size:.8em;font-weight:600;border-radius:99px;padding:1px 9px}
.chip{display:flex;flex-wrap:wrap;gap:2px 10px;align-items:center;justify-content:center;padding:10px 16px;margin-block:4px;border:1px solid var(--border);border-radius:calc(var(--radius)*.9);font-weight:600}
.dots{color:var(--muted);font-weight:400}
[data-part=success]{text-align:center;align-items:center;gap:10px;padding-block-start:8px}
[data-part=success] button{inline-size:100%}
[data-part=success] .note{text-align:start;inline-size:100%}
[data-part=form]{display:flex;flex-direction:column}
[data-part=error]:empty{margin-block-end:-14px}
.field{display:flex;flex-direction:column;gap:6px}
.head{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:baseline;gap:2px 12px}
.input{position:relative;display:flex}
form input{font:inherit;color:var(--text);background:var(--background);inline-size:100%;min-inline-size:0;min-block-size:46px;margin:0;padding:8px 12px;border:1px solid var(--outline);border-radius:calc(var(--radius)*.8);appearance:none}
input::placeholder{color:var(--muted);opacity:1}
input[name=key]{padding-inline-end:48px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.933em}
@media (any-pointer:coarse){form input[name]{font-size:max(16px,1em)}}
input.masked{-webkit-text-security:disc}
form input:focus-visible{outline-offset:0;border-color:transparent}
input[aria-invalid=true]{border-color:var(--danger)}
.input button{position:absolute;inset-block:4px;inset-inline-end:4px;min-block-size:36px;inline-size:40px;padding:0;display:grid;place-items:center;border:0;background:transparent;color:var(--muted)}
button[type=submit]{display:flex;gap:10px;align-items:center;justify-content:center}
.cue{display:flex;gap:10px;align-items:center;padding:10px 12px;border:1px solid var(--border);border-radius:calc(var(--radius)*.8);font-size:.9em;line-height:1.45}
.cue>span{min-inline-size:0}
.cue>span>span{display:block}
.logo{inline-size:32px;block-size:32px;border-radius:7px;object-fit:contain;flex:none}
.owner{color:var(--muted);font-size:.8em;line-height:1.45}
.cue,.owner,[data-part=form] button{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif}
.name{font-weight:600}
.id{font-weight:400}
.middle{font-size:0}
.spin{inline-size:1.1em;block-size:1.1em;border-radius:50%;border:2px solid currentColor;border-inline-start-color:transparent;animation:spin .8s linear infinite;flex:none}
@keyframes spin{to{transform:rotate(1turn)}}
@media (prefers-reduced-motion:reduce){.spin{border-style:dotted}}
@media (forced-colors:active){.note,.badge{border:1px solid CanvasText}button.primary{border:2px solid ButtonText}.spin{border-color:CanvasText;border-inline-start-color:Canvas}}
`;

/**
 * The document of the frame. Its padding leaves room for the ring around what has the focus. Its shadow fills the part of a pixel by
 * which the frame may be higher.
 */
export const FRAME = `
html,body{margin:0;padding:0;background:transparent;overflow:hidden}
[data-part=root]{padding:6px;background:var(--background);box-shadow:0 2px var(--background)}
${SHARED}${ENGINE}`;

/** The widget on the page. */
export const SHELL = `
:host{all:initial!important;display:grid!important;grid-template-columns:minmax(0,440px)!important}
${SHARED}
[data-part=root]{background:var(--background);border:1px solid var(--border);border-radius:calc(var(--radius)*1.6);padding:clamp(16px,6%,24px);display:flex;flex-direction:column;gap:20px;container-type:inline-size;box-shadow:0 1px 2px rgb(0 0 0/.05),0 6px 20px rgb(0 0 0/.04)}
[data-part=root]>:empty{display:none}
header{display:flex;flex-direction:column;gap:6px}
.top{display:flex;gap:12px;justify-content:space-between;align-items:flex-start}
.top button{flex:none;padding:0;inline-size:40px;margin:-8px;display:grid;place-items:center}
footer{display:flex;flex-wrap:wrap;gap:4px 12px;justify-content:space-between;color:var(--muted);font-size:.8em;border-block-start:1px solid var(--border);padding-block-start:14px}
footer span{display:flex;gap:6px;align-items:center;min-inline-size:0}
.providers{display:grid;grid-template-columns:repeat(var(--n),minmax(0,1fr));gap:10px;margin-block-start:10px}
.card{position:relative;display:flex;flex-direction:column;gap:8px;align-items:center;justify-content:center;text-align:center;padding:14px 6px 12px;min-block-size:48px;border:1px solid var(--outline);border-radius:calc(var(--radius)*.9);font-weight:600}
.card:hover{background:var(--raised)}
.card input{position:absolute;inset:0;inline-size:100%;block-size:100%;margin:0;opacity:0;cursor:pointer}
.card:has(:checked){background:var(--tint);border-color:var(--accent-ink);box-shadow:0 0 0 1px var(--accent-ink)}
.card:has(:checked) .mark{color:var(--accent-ink)}
.card:has(:focus-visible){outline:2px solid var(--accent-ink);outline-offset:3px}
.card:only-child{flex-direction:row;gap:12px;padding:10px 14px}
@container (max-width:20em){.providers{grid-template-columns:1fr;gap:8px}.card{flex-direction:row;justify-content:flex-start;gap:12px;padding:10px 14px;text-align:start}}
.gone{block-size:0;overflow:hidden;visibility:hidden;margin-block-end:-20px}
iframe{display:block;border:0;inline-size:calc(100% + 12px);margin:-6px;block-size:190px;background:transparent}
.bone{border-radius:calc(var(--radius)*.8);background:var(--raised);block-size:48px;animation:bone 1.2s ease-in-out infinite alternate}
.bone.thin{block-size:20px;inline-size:60%}
@keyframes bone{to{opacity:.4}}
.bad{background:var(--danger-tint);color:var(--danger)}
dialog{border:0;padding:0;margin:auto;background:transparent;inline-size:min(440px,calc(100vw - 24px));max-block-size:calc(100dvh - 24px);overflow:auto}
dialog::backdrop{background:rgb(10 12 20/.55)}
@media (forced-colors:active){[data-part=root]{border:1px solid CanvasText}.card:has(:checked){border:3px solid Highlight}.card:has(:focus-visible){outline:3px solid Highlight}.bone{border:1px solid GrayText}}
`;

/** The hosted page around the widget, and its own cards. */
export const HOSTED = `
html{background:#f4f5f8;color-scheme:light}
html.dark{background:#0d0f15;color-scheme:dark}
body{margin:0;min-block-size:100vh;min-block-size:100dvh;display:grid;grid-template-columns:minmax(0,440px);justify-content:center;align-content:start;justify-items:center;padding:max(16px,env(safe-area-inset-top)) 16px 16px;box-sizing:border-box;font:16px/1.5 system-ui,sans-serif}
#root{inline-size:100%}
#ask .brand{justify-content:flex-start}
.sheet{display:flex;flex-direction:column;gap:14px;padding:clamp(20px,7%,32px);font:400 var(--size)/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif;color:var(--text);background:var(--background);border:1px solid var(--border);border-radius:16px;box-shadow:0 1px 2px rgb(0 0 0/.05),0 12px 32px rgb(0 0 0/.06);box-sizing:border-box;overflow-wrap:anywhere}
.sheet:lang(ko){word-break:keep-all}
.sheet.end{align-items:center;text-align:center}
.brand{display:flex;gap:10px;align-items:center;justify-content:center;font-weight:600;color:var(--muted);font-size:.933em}
.logo{inline-size:32px;block-size:32px;border-radius:7px;object-fit:contain;flex:none}
.sheet h1{margin:0;font-size:1.33em;font-weight:650;line-height:1.3;letter-spacing:-.01em}
.sheet h1:focus{outline:none}
.sheet p{margin:0}
.sheet p:empty{display:none}
.end p{color:var(--muted)}
.sheet [role=alert]{color:var(--danger)}
.big{inline-size:60px;block-size:60px;border-radius:50%;display:grid;place-items:center;font-size:26px;margin-block:8px 2px;background:var(--raised);color:var(--muted)}
.big.good{background:var(--success-tint);color:var(--success)}
.big.bad{background:var(--warning-tint);color:var(--warning)}
.icon{inline-size:1.2em;block-size:1.2em;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.name{font-weight:600}
.middle{font-size:0}
.sheet button{font:inherit;font-weight:600;inline-size:100%;min-block-size:46px;padding:6px 14px;border:1px solid var(--outline);border-radius:8px;background:var(--background);color:inherit;cursor:pointer}
.sheet button:focus-visible{outline:2px solid var(--accent-ink);outline-offset:2px}
.sheet .primary{background:var(--accent);color:var(--on-accent);border-color:transparent}
.end button{margin-block-start:6px}
#back{margin-block-start:16px;min-block-size:40px;padding:6px 12px;border:0;background:none;font:inherit;font-size:14px;color:inherit;text-decoration:underline;cursor:pointer}
@media (min-width:560px){body{align-content:safe center}}
@media (forced-colors:active){.sheet .primary{border:2px solid ButtonText}}
`;
