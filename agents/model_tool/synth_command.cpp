#include "agents/model_tool/synth_command.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

#include "agents/engine/model/gguf_writer.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/synthetic/model_plan.hpp"
#include "agents/engine/model/synthetic/random_weights.hpp"
#include "agents/model_tool/progress_line.hpp"

namespace squall::agents {

namespace {

using kernels::Format;

struct WantedModel {
  Hyperparameters shape;
  bool tied = false;
};

WantedModel wanted_model(const SynthOptions& options) {
  const auto& shapes = named_shapes();
  const auto named = std::ranges::find(shapes, options.shape, &NamedShape::name);
  if (named == shapes.end()) {
    std::string list;
    for (const NamedShape& each : shapes) list += "\n  " + std::string(each.name);
    throw ModelError("there is no shape '" + options.shape + "'; choose one of" + list);
  }
  NamedShape changed = *named;
  const auto take = [](std::size_t& into, std::size_t wanted) {
    if (wanted != 0) into = wanted;
  };
  take(changed.layers, options.layers);
  take(changed.dimension, options.dimension);
  take(changed.feed_forward, options.feed_forward);
  take(changed.heads, options.heads);
  take(changed.kv_heads, options.kv_heads != 0 ? options.kv_heads : options.heads);
  take(changed.vocabulary, options.vocabulary);
  take(changed.context, options.context);
  if (options.dimension != 0 || options.heads != 0) {
    if (changed.dimension % changed.heads != 0 || changed.dimension / changed.heads % 2 != 0) {
      throw ModelError("--dimension " + std::to_string(changed.dimension) + " divided by --heads " +
                       std::to_string(changed.heads) + " must give an even number");
    }
    changed.head_dimension = changed.dimension / changed.heads;
  }
  if (changed.heads % changed.kv_heads != 0) {
    throw ModelError("--heads must be a multiple of --kv-heads");
  }
  constexpr std::size_t least_vocabulary = 3 + 256;
  if (changed.vocabulary < least_vocabulary) {
    throw ModelError("--vocabulary must be at least " + std::to_string(least_vocabulary) +
                     ": three control tokens and one for each byte");
  }
  return {hyperparameters_of(changed), changed.tied};
}

void describe_shape(GgufWriter& file, const Hyperparameters& shape, const SynthOptions& options) {
  const std::string& prefix = shape.architecture;
  const auto number = [&](const char* key, std::size_t value) {
    file.add_integer(prefix + key, static_cast<std::uint32_t>(value));
  };
  file.add_text("general.architecture", shape.architecture);
  file.add_text("general.name", "synthetic " + options.shape + " " + options.format);
  file.add_boolean(random_weights_key, true);
  number(".context_length", shape.context);
  number(".embedding_length", shape.dimension);
  number(".block_count", shape.layers);
  number(".feed_forward_length", shape.feed_forward);
  number(".attention.head_count", shape.heads);
  number(".attention.head_count_kv", shape.kv_heads);
  number(".attention.key_length", shape.head_dimension);
  number(".attention.value_length", shape.head_dimension);
  number(".rope.dimension_count", shape.rope_dimensions);
  number(".vocab_size", shape.vocabulary);
  file.add_real(prefix + ".rope.freq_base", shape.rope_base);
  file.add_real(prefix + ".attention.layer_norm_rms_epsilon", shape.norm_epsilon);
}

/// Three control tokens, all bytes, and as many invented words as the vocabulary has room for.
void describe_tokenizer(GgufWriter& file, std::size_t vocabulary) {
  enum : std::int32_t { normal = 1, unknown = 2, control = 3, byte = 6 };
  std::vector<std::string> texts{"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> kinds{unknown, control, control};
  for (int value = 0; value < 256; ++value) {
    char text[8];
    std::snprintf(text, sizeof text, "<0x%02X>", value);
    texts.emplace_back(text);
    kinds.push_back(byte);
  }
  while (texts.size() < vocabulary) {
    texts.push_back("\xE2\x96\x81w" + std::to_string(texts.size()));
    kinds.push_back(normal);
  }
  const std::vector<float> scores(vocabulary, 0.0F);
  file.add_text("tokenizer.ggml.model", "llama");
  file.add_texts("tokenizer.ggml.tokens", texts);
  file.add_reals("tokenizer.ggml.scores", scores);
  file.add_integers("tokenizer.ggml.token_type", kinds);
  file.add_integer("tokenizer.ggml.bos_token_id", 1);
  file.add_integer("tokenizer.ggml.eos_token_id", 2);
  file.add_integer("tokenizer.ggml.unknown_token_id", 0);
}

void write_ones(GgufWriter& file, std::uint64_t count) {
  const std::vector<float> ones(count, 1.0F);
  file.write(std::as_bytes(std::span(ones)));
}

/// In pieces, so that a model of any size needs little memory. The pieces decide the bytes, so
/// their size is part of what makes a file the same everywhere.
void write_random(GgufWriter& file, const GgufWriter::Tensor& tensor, std::uint64_t seed,
                  ProgressLine& progress) {
  constexpr std::uint64_t piece_bytes = 8U << 20;
  const std::uint64_t row_bytes = kernels::bytes_per_row(tensor.format, tensor.extents[0]);
  const std::uint64_t rows_of_piece = std::max<std::uint64_t>(1, piece_bytes / row_bytes);
  const double deviation = 1.0 / std::sqrt(static_cast<double>(tensor.extents[0]));
  std::vector<std::byte> piece;
  for (std::uint64_t row = 0; row < tensor.extents[1]; row += rows_of_piece) {
    piece.resize(std::min(rows_of_piece, tensor.extents[1] - row) * row_bytes);
    fill_with_random_weights(tensor.format, piece, deviation, seed + row);
    file.write(piece);
    progress.advance(piece.size());
  }
  if (tensor.format == Format::i2_s) {
    // Of -1, 0 and 1 in equal shares the standard deviation is sqrt(2/3).
    std::array<std::byte, kernels::i2_s_scale_bytes> tail{};
    const auto scale = static_cast<float>(deviation * std::sqrt(1.5));
    std::memcpy(tail.data(), &scale, sizeof scale);
    file.write(tail);
  }
}

}  // namespace

int synth_command(const SynthOptions& options) {
  const auto mix = format_mix_named(options.format);
  if (!mix) {
    std::string list;
    for (const std::string& name : format_mix_names()) list += " " + name;
    throw ModelError("there is no format '" + options.format + "'; choose one of" + list);
  }
  if (std::filesystem::exists(options.output) && !options.force) {
    throw ModelError(options.output.string() + " is there already; --force replaces it");
  }
  const WantedModel wanted = wanted_model(options);
  GgufWriter file;
  describe_shape(file, wanted.shape, options);
  describe_tokenizer(file, wanted.shape.vocabulary);
  std::vector<GgufWriter::Tensor> tensors;
  for (const PlannedTensor& tensor : plan_tensors(wanted.shape, wanted.tied)) {
    tensors.push_back(
        {tensor.name, tensor.extents, planned_format(tensor, *mix, wanted.shape.layers)});
    file.add_tensor(tensors.back());
  }
  file.begin(options.output);
  ProgressLine progress("writing " + options.output.string(), file.file_bytes());
  std::uint64_t seed = options.seed << 32;
  for (const GgufWriter::Tensor& tensor : tensors) {
    seed += 1U << 24;
    if (tensor.extents.size() == 1)
      write_ones(file, tensor.extents[0]);
    else
      write_random(file, tensor, seed, progress);
  }
  file.finish();
  progress.finish();
  std::printf("%s: %s in %s, %.1f MiB of random weights; its answers mean nothing\n",
              options.output.c_str(), options.shape.c_str(), mix->name.c_str(),
              static_cast<double>(file.file_bytes()) / (1 << 20));
  return 0;
}

}  // namespace squall::agents
