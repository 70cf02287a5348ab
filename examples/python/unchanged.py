"""A program that knows nothing of Relay. Its environment does: OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_CUSTOM_HEADERS."""
from openai import OpenAI

answer = OpenAI().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "Am I different?"}])
print("unchanged:   ", answer.choices[0].message.content)
