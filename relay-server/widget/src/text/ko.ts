import type { CommonText, FormText, HostedText, ShellText } from "./text.ts";

/** Texts of both the widget and the form. */
export const common: CommonText = {
  frameTitle: "API 키",
  dir: "ltr",
  chooseAnother: "다른 제공업체 연결",
  problems: {
    noProvider: "앱과 이 연결 화면의 제공업체 설정이 서로 다릅니다. 앱 운영자에게 알려 주세요.",
    expired: "이 연결 화면이 만료되었습니다. 앱으로 돌아가 다시 열어 주세요.",
    used: "이 연결 화면은 이미 사용되었습니다. 다른 키를 연결하려면 앱으로 돌아가 주세요.",
    notOpened: "이 화면을 열 수 없습니다. 앱으로 돌아가 다시 시도해 주세요.",
    notHere: "이 페이지에서는 키를 연결할 수 없습니다. 페이지 운영자에게 알려 주세요.",
    occupied: "이미 연결된 키가 있어 여기서는 변경할 수 없습니다.",
    offline: "오프라인 상태입니다. 인터넷 연결을 확인하고 다시 시도해 주세요.",
    unreachable: "Relay에 연결할 수 없습니다. 인터넷 연결을 확인하고 다시 시도해 주세요.",
    late: "Relay에서 응답이 없습니다. 다시 시도해 주세요.",
    busy: "지금 Relay가 혼잡합니다.",
    other: "알 수 없는 오류입니다. 다시 시도해 주세요.",
  },
  wait: (seconds) => `${seconds > 90 ? `${Math.ceil(seconds / 60)}분` : `${seconds}초`} 후에 다시 시도해 주세요.`,
  soon: "잠시 후 다시 시도해 주세요.",
  problemTitle: "문제가 발생했습니다",
  requestId: (id) => `요청 ID ${id}`,
};

/** The widget on the page. */
export const shell: ShellText = {
  title: (project) => `${project}에 AI 키 연결`,
  promise: (project) => `내 계정으로 AI를 사용합니다. ${project}에서는 키를 볼 수 없습니다.`,
  account: (label) => `계정: ${label}`,
  keptBy: "Relay가 암호화하여 보관합니다",
  close: "닫기",
  tryAgain: "다시 시도",
  loading: "불러오는 중…",
  loadingSlow: "아직 불러오는 중입니다. 연결이 느린 것 같습니다.",
  chooseProvider: "AI 제공업체 선택",
};

/** The key form in its frame. */
export const form: FormText = {
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
    no_credit: (provider) => `키는 유효하지만 계정에 크레딧이 없습니다. 사용하려면 ${provider}에서 크레딧을 충전해 주세요.`,
  },
  addCredit: (provider) => `${provider}에서 크레딧 충전하기`,
  opensNewTab: "새 탭에서 열림",
  keyLabel: (provider) => `${provider} API 키`,
  show: "키 표시",
  makeKey: (provider) => `${provider}에서 키 발급받기`,
  fieldOwner: (host) => `이 입력란은 ${host}에서 제공합니다. 바깥 페이지에서는 입력한 내용을 볼 수 없습니다.`,
  connectsTo: (project, account) => `${project}의 ${account} 계정에 연결합니다.`,
  sentTo: (host) => `키는 ${host} 서버로만 전송됩니다.`,
  submit: (provider) => `${provider} 연결`,
  held: "계정을 확인하는 중…",
  checking: (provider) => `${provider}에서 키를 확인하는 중…`,
  stillChecking: (provider) => `아직 ${provider}에서 키를 확인하고 있습니다…`,
  trimmed: "키 앞뒤의 불필요한 문자를 제거했습니다.",
  otherProvider: (looksLike, wanted) => `${wanted} 키가 아니라 ${looksLike} 키인 것 같습니다.`,
  switchTo: (provider) => `${provider} 키로 변경`,
  keepProvider: (provider) => `${provider} 키가 맞습니다`,
  workspaceLabel: "워크스페이스 ID",
  workspaceHelp: "wrkspc_로 시작합니다. Claude Console의 워크스페이스 설정에서 확인할 수 있습니다.",
  empty: (provider) => `${provider} 키를 여기에 붙여넣어 주세요.`,
  notText: "키에 사용할 수 없는 문자가 있습니다. 키를 다시 복사해 주세요.",
  notWhole: "키의 일부가 빠졌습니다. 키를 다시 복사해 주세요.",
  refused: (provider, left) =>
    `${provider}에서 이 키를 거부했습니다. 키를 다시 복사하거나 새로 만들어 주세요.${left === undefined ? "" : ` ${left}번 더 시도할 수 있습니다.`}`,
  lastTry: (provider) => `${provider}에서 이 키를 거부했으며 시도 횟수를 모두 사용했습니다. 앱으로 돌아가 다시 시작해 주세요.`,
  needsWorkspace: (provider) => `이 키를 사용하려면 ${provider} 워크스페이스 ID가 필요합니다.`,
  workspaceRefused: (provider) => `${provider}에서 이 워크스페이스 ID를 거부했습니다. ID를 확인해 주세요.`,
};

/** The hosted page around the widget. */
export const hosted: HostedText = {
  title: "AI 키 연결",
  backTo: (project) => `취소하고 ${project} 앱으로 돌아가기`,
  canBeClosed: "이 페이지를 닫아도 됩니다.",
};
