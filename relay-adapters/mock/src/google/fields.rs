//! The members of Google's requests. Names are camelCase; the real API also takes snake_case, which Relay must not send.

use crate::schema::{Field, INT, NUM, Shape, list, may, must};

use Shape::{Any, Bool, Either, Enum, Int, List, Map, MapOf, Num, Object, Ref, Text};

const INLINE: Field =
    may("inlineData", Object(&[must("mimeType", Text), must("data", Text), may("displayName", Text)]));
const FILE: Field = may("fileData", Object(&[may("mimeType", Text), must("fileUri", Text), may("displayName", Text)]));
static RESPONSE_PART: Shape = Object(&[INLINE, FILE]);
static PART: Shape = Object(&[
    may("text", Text),
    INLINE,
    FILE,
    may("functionCall", Object(&[may("id", Text), must("name", Text), may("args", Map)])),
    may(
        "functionResponse",
        Object(&[may("id", Text), must("name", Text), must("response", Map), may("parts", list(&RESPONSE_PART))]),
    ),
    may("executableCode", Map),
    may("codeExecutionResult", Map),
    may("toolCall", Map),
    may("toolResponse", Map),
    may("thought", Bool),
    may("thoughtSignature", Text),
    may("videoMetadata", Map),
    may(
        "mediaResolution",
        Object(&[must(
            "level",
            Enum(&[
                "MEDIA_RESOLUTION_UNSPECIFIED",
                "MEDIA_RESOLUTION_LOW",
                "MEDIA_RESOLUTION_MEDIUM",
                "MEDIA_RESOLUTION_HIGH",
                "MEDIA_RESOLUTION_ULTRA_HIGH",
            ]),
        )]),
    ),
]);
static CONTENT: Shape = Object(&[may("role", Text), may("parts", list(&PART))]);
/// Google's older `Schema`, a subset of OpenAPI's.
static SCHEMA: Shape = Object(&[
    may(
        "type",
        Enum(&[
            "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", "string", "number", "integer",
            "boolean", "array", "object", "null",
        ]),
    ),
    may("format", Text),
    may("title", Text),
    may("description", Text),
    may("nullable", Bool),
    may("enum", list(&Text)),
    may("items", Ref(&SCHEMA)),
    may("minItems", Either(&[INT, Text])),
    may("maxItems", Either(&[INT, Text])),
    may("properties", MapOf(&SCHEMA)),
    may("required", list(&Text)),
    may("propertyOrdering", list(&Text)),
    may("anyOf", list(&SCHEMA)),
    may("minimum", NUM),
    may("maximum", NUM),
    may("minLength", Either(&[INT, Text])),
    may("maxLength", Either(&[INT, Text])),
    may("minProperties", Either(&[INT, Text])),
    may("maxProperties", Either(&[INT, Text])),
    may("pattern", Text),
    may("default", Any),
    may("example", Any),
]);
static DECLARATION: Shape = Object(&[
    must("name", Text),
    may("description", Text),
    may("parameters", Ref(&SCHEMA)),
    may("parametersJsonSchema", Map),
    may("response", Ref(&SCHEMA)),
    may("responseJsonSchema", Map),
    may("behavior", Enum(&["BLOCKING", "NON_BLOCKING"])),
]);
static TOOL: Shape = Object(&[
    may("functionDeclarations", List(&DECLARATION, 0, 512)),
    may("googleSearch", Map),
    may("codeExecution", Map),
    may("urlContext", Map),
]);
static SAFETY: Shape = Object(&[
    must(
        "category",
        Enum(&[
            "HARM_CATEGORY_HARASSMENT",
            "HARM_CATEGORY_HATE_SPEECH",
            "HARM_CATEGORY_SEXUALLY_EXPLICIT",
            "HARM_CATEGORY_DANGEROUS_CONTENT",
            "HARM_CATEGORY_CIVIC_INTEGRITY",
        ]),
    ),
    must("threshold", Enum(&["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"])),
]);
const I32: Shape = Int(-0x8000_0000, 0x7fff_ffff);
static CONFIG: Shape = Object(&[
    may("candidateCount", Int(1, 8)),
    may("stopSequences", List(&Text, 0, 5)),
    may("maxOutputTokens", Int(1, 0x7fff_ffff)),
    may("temperature", Num(0.0, 2.0)),
    may("topP", Num(0.0, 1.0)),
    may("topK", NUM),
    may("seed", I32),
    may("responseMimeType", Enum(&["text/plain", "application/json", "text/x.enum"])),
    may("responseSchema", Ref(&SCHEMA)),
    may("responseJsonSchema", Any),
    may("responseModalities", list(&Enum(&["TEXT", "IMAGE", "AUDIO"]))),
    may("responseLogprobs", Bool),
    may("logprobs", Int(0, 20)),
    may("presencePenalty", Num(-2.0, 2.0)),
    may("frequencyPenalty", Num(-2.0, 2.0)),
    may("mediaResolution", Enum(&["MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_HIGH"])),
    may(
        "thinkingConfig",
        Object(&[
            may("includeThoughts", Bool),
            may("thinkingBudget", I32),
            may(
                "thinkingLevel",
                Enum(&["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH", "minimal", "low", "medium", "high", "xhigh"]),
            ),
        ]),
    ),
]);
const CONTENTS: Field = may("contents", list(&CONTENT));
const SYSTEM: Field = may("systemInstruction", Ref(&CONTENT));
const TOOLS: Field = may("tools", list(&TOOL));
/// `generateContent`, `streamGenerateContent`.
pub(super) static GENERATE: Shape = Object(&[
    CONTENTS,
    SYSTEM,
    TOOLS,
    may(
        "toolConfig",
        Object(&[
            may(
                "functionCallingConfig",
                Object(&[
                    may("mode", Enum(&["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"])),
                    may("allowedFunctionNames", list(&Text)),
                ]),
            ),
            may("includeServerSideToolInvocations", Bool),
            may("retrievalConfig", Map),
        ]),
    ),
    may("safetySettings", list(&SAFETY)),
    may("generationConfig", Ref(&CONFIG)),
    may("cachedContent", Text),
    may("serviceTier", Enum(&["standard", "flex", "priority"])),
    may("store", Bool),
    may("continuationToken", Text),
]);
/// `countTokens`.
pub(super) static COUNT: Shape = Object(&[CONTENTS, may("generateContentRequest", Map)]);
