#include "agents/model_tool/perplexity_command.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "agents/model_tool/engine_setup.hpp"
#include "agents/model_tool/progress_line.hpp"
#include "agents/model_tool/teacher_forcing.hpp"
#include "agents/models/model_choice.hpp"

namespace squall::agents {

namespace {

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw ModelError("cannot read the text " + path.string());
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) throw ModelError("the text " + path.string() + " is empty");
  return text;
}

/// Sums over independent tokens: good for a mean and its standard error.
struct Surprise {
  double sum = 0;
  double squares = 0;
  std::size_t count = 0;

  void add(double value) {
    sum += value;
    squares += value * value;
    ++count;
  }
  double mean() const { return sum / static_cast<double>(count); }
  double standard_error() const {
    if (count < 2) return 0;
    const auto n = static_cast<double>(count);
    return std::sqrt(std::max(0.0, squares / n - mean() * mean()) / (n - 1));
  }
};

Surprise measure(TeacherForcing& forcing, const std::vector<std::int32_t>& tokens,
                 std::size_t window) {
  Surprise surprise;
  ProgressLine progress("predicting", tokens.size());
  for (std::size_t begin = 0; begin + 1 < tokens.size(); begin += window) {
    const std::size_t count = std::min(window, tokens.size() - begin);
    const std::span part(tokens.data() + begin, count);
    forcing.run(part, [&](std::size_t position, std::span<const float> logits) {
      if (position + 1 < count) surprise.add(-log_probability(logits, part[position + 1]));
    });
    progress.advance(count);
  }
  return surprise;
}

}  // namespace

int perplexity_command(const PerplexityOptions& options) {
  const auto model = load_model(model_here(options.model));
  const auto tokens = model->tokenizer->encode(read_text(options.text));
  if (tokens.size() < 2) {
    throw ModelError("the text has fewer than two tokens; there is nothing to predict");
  }
  const std::size_t window =
      options.window != 0 ? options.window : std::min<std::size_t>(512, model->shape.context);
  const auto forcing =
      make_forcing(model, options.compute, kv_format_named(options.kv_format), window);
  const Surprise surprise = measure(*forcing, tokens, window);
  const double perplexity = std::exp(surprise.mean());
  const double error = perplexity * surprise.standard_error();
  if (options.json) {
    const nlohmann::json found{{"schema", "squall-model-perplexity/1"},
                               {"model", model->name},
                               {"fingerprint", model->fingerprint},
                               {"tokens_scored", surprise.count},
                               {"window", window},
                               {"kv_format", options.kv_format},
                               {"backend", forcing->backends().name()},
                               {"perplexity", perplexity},
                               {"standard_error", error}};
    std::printf("%s\n", found.dump(2).c_str());
  } else {
    std::printf("%s: perplexity %.4f +- %.4f over %zu tokens, windows of %zu%s\n",
                model->name.c_str(), perplexity, error, surprise.count, window,
                model->synthetic ? " (random weights: about the vocabulary's size)" : "");
  }
  return 0;
}

}  // namespace squall::agents
