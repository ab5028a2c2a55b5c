#include "agents/model_tool/generate_command.hpp"

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "agents/engine/inference_engine.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/tokenizer/chat_template.hpp"
#include "agents/model_tool/engine_setup.hpp"
#include "agents/models/model_choice.hpp"

namespace squall::agents {

namespace {

ChatTemplate chosen_template(const Model& model, const std::string& wanted) {
  if (!wanted.empty()) {
    if (const auto named = chat_template_named(wanted)) return *named;
    throw ModelError("there is no chat template '" + wanted +
                     "'; choose chatml, llama2, llama3 or zephyr");
  }
  if (const auto own = recognise_chat_template(model.chat_template)) return *own;
  throw ModelError("the model has no chat template known here; name one with --chat-template");
}

std::vector<std::int32_t> prompt_tokens(const Model& model, const GenerateOptions& options) {
  if (!options.chat) return model.tokenizer->encode(options.prompt);
  std::vector<ChatMessage> messages;
  if (!options.system.empty()) messages.push_back({"system", options.system});
  messages.push_back({"user", options.prompt});
  return encode_chat(*model.tokenizer, chosen_template(model, options.chat_template), messages);
}

void print_token(const Model& model, const GenerateOptions& options, TokenId token) {
  if (options.ids) {
    std::printf("%d ", token);
  } else {
    const std::string text = model.tokenizer->decode(token);
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  std::fflush(stdout);
}

}  // namespace

int generate_command(const GenerateOptions& options) {
  const auto model = load_model(model_here(options.model));
  GenerationRequest request{.id = 1,
                            .prompt = prompt_tokens(*model, options),
                            .max_tokens = options.max_tokens,
                            .stop_at_end_token = !options.ignore_end,
                            .sampling = options.sampling};
  const std::size_t prompt_length = request.prompt.size();
  const auto engine =
      make_engine(model, options.compute, {.max_batch = 1, .first_batch = 1, .prefill_chunk = 512});
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  auto first = begun;
  std::size_t produced = 0;
  engine->submit(std::move(request));
  while (!engine->idle()) {
    const StepEvents events = engine->step();
    if (!events.refused.empty()) throw ModelError(events.refused.front().reason);
    for (const StepEvents::Token& token : events.tokens) {
      if (produced++ == 0) first = Clock::now();
      print_token(*model, options, token.token);
    }
  }
  std::printf("\n");
  const std::chrono::duration<double> prefill = first - begun;
  const std::chrono::duration<double> decode = Clock::now() - first;
  std::fprintf(
      stderr,
      "%zu prompt tokens in %.3f s (%.1f/s), %zu tokens written, %.1f/s after the first, %s%s\n",
      prompt_length, prefill.count(), static_cast<double>(prompt_length) / prefill.count(),
      produced, produced > 1 ? static_cast<double>(produced - 1) / decode.count() : 0.0,
      engine->backends().name().c_str(),
      model->synthetic ? "; the weights are random, the text means nothing" : "");
  return 0;
}

}  // namespace squall::agents
