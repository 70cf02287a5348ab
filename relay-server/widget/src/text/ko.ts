import type { CommonText, FormText, HostedText, ProblemText, ShellText } from "./text.ts";

/** Texts of both the widget and the form. */
export const common: CommonText = {
  frameTitle: "API 키",
  dir: "ltr",
  problems: {
    notOpened: "이 화면을 열 수 없습니다. 앱으로 돌아가 다시 시도해 주세요.",
    notHere: "이 페이지에서는 키를 연결할 수 없습니다. 페이지 운영자에게 알려 주세요.",
    offline: "오프라인 상태입니다. 인터넷 연결을 확인하고 다시 시도해 주세요.",
    unreachable: "Relay에 연결할 수 없습니다. 인터넷 연결을 확인하고 다시 시도해 주세요.",
    late: "Relay에서 응답이 없습니다. 다시 시도해 주세요.",
    other: "알 수 없는 오류입니다. 다시 시도해 주세요.",
  },
  problemTitle: "문제가 발생했습니다",
  requestId: (id) => `요청 ID ${id}`,
};

/** Problems that Relay answers with. */
export const problems: ProblemText = {
  answers: {
    expired: "이 연결 화면이 만료되었습니다. 앱으로 돌아가 다시 열어 주세요.",
    used: "이 연결 화면은 이미 사용되었습니다. 다른 키를 연결하려면 앱으로 돌아가 주세요.",
    occupied: "이미 연결된 키가 있어 여기서는 변경할 수 없습니다.",
    noProvider: "앱과 이 연결 화면의 제공업체 설정이 서로 다릅니다. 앱 운영자에게 알려 주세요.",
    busy: "지금 Relay가 혼잡합니다.",
  },
  wait: (seconds) => `${seconds > 90 ? `${Math.ceil(seconds / 60)}분` : `${seconds}초`} 후에 다시 시도해 주세요.`,
  soon: "잠시 후 다시 시도해 주세요.",
};

/** The widget on the page. */
export const shell: ShellText = {
  keptBy: "Relay가 암호화하여 보관합니다",
  close: "닫기",
  tryAgain: "다시 시도",
  loading: "불러오는 중…",
  loadingSlow: "아직 불러오는 중입니다. 연결이 느린 것 같습니다.",
  help: (project) => `${project}의 도움말`,
};

/** The key form in its frame. */
export const form: FormText = {
  title: (project) => `${project}에 AI 키 연결`,
  yourKeys: "내 AI 키",
  replaceTitle: (provider) => `${provider} 키 교체`,
  stoppedTitle: (provider) => `${provider} 키를 더 이상 사용할 수 없습니다`,
  someStopped: "사용할 수 없는 키가 있습니다",
  promise: (project) => `내 계정으로 AI를 사용합니다. ${project}에서는 키를 볼 수 없습니다.`,
  stopped: (provider, last4) => `${provider}에서 끝자리가 ${last4}인 키를 거부합니다. 계속하려면 새 키를 연결해 주세요.`,
  account: (account) => `계정: ${account}`,
  chooseProvider: "AI 제공업체 선택",
  chooseAnother: "다른 제공업체 연결",
  cancel: "취소",
  done: "완료",
  returnTo: (project) => `${project} 앱으로 돌아가기`,
  connected: "연결됨",
  endingIn: (last4) => `끝자리 ${last4}`,
  connectedOn: (date) => `${date} 연결됨`,
  replace: "교체",
  replaceLabel: (provider) => `${provider} 키 교체`,
  replacing: (provider, last4) => `끝자리가 ${last4}인 ${provider} 키를 교체합니다.`,
  disconnect: "연결 해제",
  disconnectLabel: (provider) => `${provider} 연결 해제`,
  disconnecting: "연결 해제 중…",
  disconnectTitle: (provider) => `${provider} 연결을 해제할까요?`,
  disconnectWarning: (project, provider) =>
    `${project}에서 더 이상 내 ${provider} 계정을 사용할 수 없습니다. Relay에 저장된 키는 즉시 삭제됩니다. 키 자체는 ${provider}에서 삭제할 때까지 계속 유효합니다.`,
  disconnected: (provider) => `${provider} 연결을 해제하고 저장된 키를 삭제했습니다.`,
  cannotReplace: (project) => `이미 연결된 키가 있습니다. 여기서는 변경할 수 없으니 ${project}에서 새 링크를 받아 주세요.`,
  states: {
    active: "정상",
    unverified: "확인 전",
    restricted: "제한됨",
    no_credit: "크레딧 없음",
    invalid: "거부됨",
    revoked: "폐기됨",
  },
  success: (provider) => `${provider} 연결 완료`,
  replaced: (provider) => `${provider} 키 교체 완료`,
  successText: (project, last4, account) => `이제 ${project}의 ${account} 계정에서 끝자리가 ${last4}인 키를 사용할 수 있습니다.`,
  warnings: {
    unverified: (provider) => `지금은 ${provider}에 연결할 수 없어 키를 아직 확인하지 못했습니다. 처음 사용할 때 확인됩니다.`,
    restricted: (provider) => `${provider}에서 이 키의 권한이 제한되어 있습니다. 일부 모델은 사용하지 못할 수 있습니다.`,
    no_credit: () => "키는 유효하지만 계정에 크레딧이 없습니다. 크레딧을 충전하면 사용할 수 있습니다.",
  },
  addCredit: (provider) => `${provider}에서 크레딧 충전하기`,
  opensNewTab: "새 탭에서 열림",
  keyLabel: (provider) => `${provider} API 키`,
  show: "키 표시",
  makeKey: (provider) => `${provider}에서 키 발급받기`,
  subscription: (plan, provider) => `${plan} 구독에는 API 사용이 포함되지 않습니다. 키 요금은 ${provider}에서 별도로 청구됩니다.`,
  fieldOwner: (host) => `이 입력란은 ${host}에서 제공합니다. 바깥 페이지에서는 입력한 내용을 볼 수 없습니다.`,
  connectsTo: (project, account) => [project, "의 ", account, " 계정에 연결합니다."],
  onPage: (pages) => ["현재 페이지: ", pages],
  sentTo: (host) => `키는 ${host} 서버로만 전송됩니다.`,
  submit: (account) => [account, " 계정에 연결"],
  hidden: "화면의 일부가 가려져 있어 전송하지 않았습니다. 전체가 보이도록 스크롤하거나 별도의 창에서 열어 주세요.",
  ownWindow: "별도의 창에서 열기",
  taken: (provider) =>
    `이 페이지가 입력란에서 키보드 입력을 가져갔습니다. 지금부터 입력하는 내용은 페이지에 노출될 수 있습니다. 방금 키를 붙여넣었다면 ${provider}에서 해당 키를 삭제하고 새로 발급받아 주세요.`,
  tryHere: "여기서 다시 시도",
  held: "계정 확인 중…",
  checking: (provider) => `${provider} 키 확인 중…`,
  stillChecking: (provider) => `아직 ${provider} 키 확인 중…`,
  trimmed: "키 앞뒤의 불필요한 문자를 제거했습니다.",
  otherProvider: (looksLike, wanted) => `${wanted} 키가 아니라 ${looksLike} 키인 것 같습니다.`,
  switchTo: (provider) => `${provider} 키로 변경`,
  keepProvider: (provider) => `${provider} 키가 맞습니다`,
  ids: {
    workspaceId: { label: "워크스페이스 ID", help: "wrkspc_로 시작합니다. Claude Console의 워크스페이스 설정에서 확인할 수 있습니다." },
    organizationId: { label: "조직 ID", help: "org-로 시작합니다. 조직 설정에서 확인할 수 있습니다." },
    projectId: { label: "프로젝트 ID", help: "proj_로 시작합니다. 프로젝트 설정에서 확인할 수 있습니다." },
  },
  empty: (provider) => `${provider} 키를 여기에 붙여넣어 주세요.`,
  notText: "키에 사용할 수 없는 문자가 있습니다. 키를 다시 복사해 주세요.",
  notWhole: "키의 일부가 빠졌습니다. 키를 다시 복사해 주세요.",
  masked: (provider) => `${provider}의 키 목록에 줄여서 표시된 키입니다. 전체 키는 만들 때 한 번만 표시되니 새로 만들어 바로 복사해 주세요.`,
  signIn: (provider) => `API 키가 아니라 구독 계정의 로그인 정보입니다. ${provider} 약관에 따라 다른 앱에서 사용할 수 없습니다. 요금이 별도로 청구되는 API 키를 만들어 주세요.`,
  refused: (provider, left, reason) => {
    const again = left === undefined ? "" : ` ${left}번 더 시도할 수 있습니다.`;
    if (reason === "expired") return `만료된 키입니다. ${provider}에서 새로 만들어 주세요.${again}`;
    if (reason === "project_archived") return `이 키의 프로젝트가 ${provider}에서 보관 처리되었습니다. 다른 프로젝트의 키를 사용해 주세요.${again}`;
    return `${provider}에서 이 키를 거부했습니다. 키를 다시 복사하거나 새로 만들어 주세요.${again}`;
  },
  lastTry: (provider) => `${provider}에서 이 키를 거부했으며 시도 횟수를 모두 사용했습니다. 앱으로 돌아가 다시 시작해 주세요.`,
  ipNotAllowed: (provider, host) => `키는 유효하지만 ${provider} 조직에서 허용한 주소에서만 사용할 수 있습니다. ${host}의 주소를 허용하거나 다른 키를 사용해 주세요.`,
  wrongRegion: (provider) => `여기서 사용할 수 없는 ${provider} 지역의 키입니다. 앱 운영자에게 알려 주세요.`,
  needsId: (provider, id) => `이 키를 사용하려면 ${provider} ${id}도 필요합니다.`,
  idRefused: (provider, id) => `${provider}에서 이 ${id}를 거부했습니다. 다시 확인해 주세요.`,
};

/** The hosted page around the widget. */
export const hosted: HostedText = {
  title: "AI 키 연결",
  askTitle: "본인의 계정이 맞나요?",
  ask: (account, project) => ["내 키를 ", project, "의 ", account, " 계정에 연결하려고 합니다."],
  cameFrom: (host) => [host, "에서 이 페이지로 이동했습니다."],
  cameFromUnknown: "어떤 페이지나 메시지에서 이동했는지 확인할 수 없습니다.",
  askOnlyIf: (project) => [project, "에서 이동했고 본인의 계정이 맞는 경우에만 계속하세요. 그렇지 않으면 다른 사람이 내 비용으로 AI를 사용하게 됩니다."],
  proceed: (account) => [account, " 계정으로 계속"],
  notMine: "내 계정이 아닙니다",
  backTo: (project) => `취소하고 ${project} 앱으로 돌아가기`,
  doneTitle: (provider) => `${provider} 연결 완료`,
  done: (project, last4, account) => ["이제 ", project, "의 ", account, " 계정에서 끝자리가 ", last4, "인 키를 사용할 수 있습니다."],
  nothingTitle: "키를 연결하지 않았습니다",
  nothing: "링크가 유효한 동안 다시 열 수 있습니다.",
  expiredTitle: "링크가 만료되었습니다",
  expired: "앱으로 돌아가 새 링크를 열어 주세요. 입력한 내용은 저장되지 않았습니다.",
  deadTitle: "링크를 열 수 없습니다",
  dead: "이미 열었거나 잘못된 링크입니다. 앱으로 돌아가 새 링크를 열어 주세요.",
  usedTitle: "이미 사용한 링크입니다",
  used: "이 링크로 연결한 키는 이후 해제되었거나 교체되었습니다. 다른 키를 연결하려면 앱으로 돌아가 주세요.",
  returnTo: (project) => `${project} 앱으로 돌아가기`,
  canBeClosed: "이 페이지를 닫아도 됩니다.",
  retry: "다시 시도",
};
