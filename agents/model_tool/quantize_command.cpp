#include "agents/model_tool/quantize_command.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <thread>
#include <vector>

#include "agents/engine/model/gguf_file.hpp"
#include "agents/engine/model/gguf_writer.hpp"
#include "agents/engine/model/model.hpp"
#include "agents/engine/model/synthetic/model_plan.hpp"
#include "agents/model_tool/format_choice.hpp"
#include "agents/model_tool/progress_line.hpp"
#include "agents/models/model_choice.hpp"
#include "kernels/formats/dequantize.hpp"
#include "kernels/formats/quantize.hpp"

namespace squall::agents {

namespace {

using kernels::Format;

constexpr Format dynamic_candidates[] = {Format::q2_k, Format::q3_k, Format::q4_k, Format::q5_k,
                                         Format::q6_k, Format::q8_0, Format::q4_0, Format::q5_0};

bool is_float(Format format) {
  return format == Format::f32 || format == Format::f16 || format == Format::bf16;
}

kernels::TensorView view_of(const GgufTensor& tensor) {
  std::size_t rows = 1;
  for (std::size_t i = 1; i < tensor.dimensions; ++i) rows *= tensor.extents[i];
  return {tensor.format, rows, tensor.extents[0], tensor.data.data(), tensor.scale};
}

/// What a tensor is for, by its name, as far as mixtures ask.
PlannedTensor plan_of(const GgufTensor& tensor, bool tied) {
  PlannedTensor plan{std::string(tensor.name),
                     {tensor.extents.begin(), tensor.extents.begin() + tensor.dimensions},
                     TensorRole::up,
                     0};
  if (tensor.name.starts_with("blk.")) {
    std::from_chars(tensor.name.data() + 4, tensor.name.data() + tensor.name.size(), plan.layer);
  }
  const auto is = [&](std::string_view part) {
    return tensor.name.find(part) != std::string_view::npos;
  };
  if (tensor.dimensions == 1)
    plan.role = TensorRole::norm;
  else if (tensor.name == "token_embd.weight")
    plan.role = tied ? TensorRole::output : TensorRole::token_embedding;
  else if (tensor.name == "output.weight")
    plan.role = TensorRole::output;
  else if (is("attn_v."))
    plan.role = TensorRole::attention_value;
  else if (is("ffn_down."))
    plan.role = TensorRole::down;
  return plan;
}

/// Matrices are written anew; everything else is copied.
bool is_matrix(const GgufTensor& tensor) {
  return tensor.dimensions == 2 && tensor.name.ends_with(".weight");
}

void refuse_quantized(const GgufTensor& tensor, const QuantizeOptions& options) {
  if (is_float(tensor.format) || options.requantize) return;
  throw ModelError("tensor '" + std::string(tensor.name) + "' is " +
                   std::string(kernels::name(tensor.format)) +
                   " already, and quantizing it again loses more; start from a file of f32, f16 or "
                   "bf16, or say --requantize");
}

std::vector<Format> fixed_formats(const GgufFile& file, const FormatMix& mix, std::size_t layers) {
  const bool tied = file.find_tensor("output.weight") == nullptr;
  std::vector<Format> formats;
  for (const GgufTensor& tensor : file.tensors()) {
    formats.push_back(is_matrix(tensor) ? planned_format(plan_of(tensor, tied), mix, layers)
                                        : tensor.format);
  }
  return formats;
}

std::uint64_t budget_of(const QuantizeOptions& options, const GgufFile& file) {
  if (options.budget != 0) return options.budget;
  std::uint64_t values = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    if (is_matrix(tensor)) values += tensor.extents[0] * tensor.extents[1];
  }
  return static_cast<std::uint64_t>(options.bits_per_weight / 8 * static_cast<double>(values));
}

std::vector<Format> dynamic_formats(const GgufFile& file, const QuantizeOptions& options) {
  std::vector<std::vector<FormatOption>> measured;
  ProgressLine progress("measuring errors", file.tensors().size());
  for (const GgufTensor& tensor : file.tensors()) {
    progress.advance(1);
    if (is_matrix(tensor)) {
      measured.push_back(measure_formats(view_of(tensor), dynamic_candidates));
      if (measured.back().empty()) {
        measured.back().push_back({Format::f16, 2 * tensor.extents[0] * tensor.extents[1], 0});
      }
    }
  }
  progress.finish();
  const std::uint64_t budget = budget_of(options, file);
  const auto chosen = choose_formats(measured, budget);
  std::vector<Format> formats;
  std::uint64_t bytes = 0;
  std::size_t matrix = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    if (!is_matrix(tensor)) {
      formats.push_back(tensor.format);
      continue;
    }
    const FormatOption& option = measured[matrix][chosen[matrix]];
    ++matrix;
    formats.push_back(option.format);
    bytes += option.bytes;
  }
  if (bytes > budget) {
    throw ModelError("the matrices need at least " + std::to_string(bytes) +
                     " bytes, more than the budget of " + std::to_string(budget) +
                     "; allow more with --budget or --bits-per-weight");
  }
  return formats;
}

/// Rows [first, first + count) of a matrix in another format.
class RowConverter {
 public:
  RowConverter(const kernels::TensorView& matrix, Format format)
      : matrix_(matrix), format_(format) {}

  /// The whole matrix: i2_s has one scale for all of it.
  std::vector<std::byte> convert_at_once() const {
    std::vector<float> values(matrix_.rows * matrix_.columns);
    for (std::size_t row = 0; row < matrix_.rows; ++row) {
      if (!read(row, std::span(values).subspan(row * matrix_.columns, matrix_.columns))) {
        refuse_damaged();
      }
    }
    std::vector<std::byte> bytes(kernels::bytes_per_matrix(format_, matrix_.rows, matrix_.columns));
    kernels::quantize_matrix(format_, values, matrix_.rows, matrix_.columns, bytes);
    return bytes;
  }

  std::vector<std::byte> convert(std::size_t first, std::size_t count, std::size_t threads) const {
    const std::size_t row_bytes = kernels::bytes_per_row(format_, matrix_.columns);
    std::vector<std::byte> rows(count * row_bytes);
    std::atomic<std::size_t> next{0};
    std::atomic<bool> damaged{false};
    const auto work = [&] {
      std::vector<float> values(matrix_.columns);
      for (std::size_t i = next++; i < count && !damaged; i = next++) {
        if (!read(first + i, values)) damaged = true;
        if (damaged) return;
        kernels::quantize_row(format_, values, rows.data() + i * row_bytes);
      }
    };
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
    work();
    others.clear();
    if (damaged) refuse_damaged();
    return rows;
  }

 private:
  /// False when a weight is no finite number.
  bool read(std::size_t row, std::span<float> values) const {
    const std::size_t row_bytes = kernels::bytes_per_row(matrix_.format, matrix_.columns);
    kernels::dequantize_row(matrix_.format, matrix_.data + row * row_bytes, values);
    for (float& value : values) value *= matrix_.scale;
    return std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
  }
  [[noreturn]] static void refuse_damaged() {
    throw ModelError("a weight is no finite number; the file is damaged");
  }
  const kernels::TensorView& matrix_;
  Format format_;
};

void write_matrix(GgufWriter& writer, const GgufTensor& tensor, Format format,
                  std::size_t threads) {
  constexpr std::size_t piece_values = 4U << 20;
  const kernels::TensorView matrix = view_of(tensor);
  const RowConverter converter(matrix, format);
  if (format == Format::i2_s) return writer.write(converter.convert_at_once());
  const std::size_t step = std::max<std::size_t>(1, piece_values / matrix.columns);
  for (std::size_t row = 0; row < matrix.rows; row += step) {
    writer.write(converter.convert(row, std::min(step, matrix.rows - row), threads));
  }
}

void write_file(const GgufFile& file, const std::vector<Format>& formats,
                const QuantizeOptions& options) {
  GgufWriter writer;
  for (const auto& [key, value] : file.metadata().entries()) {
    // The first would describe the old file; the second is this writer's to decide.
    if (key == "general.file_type" || key == "general.alignment") continue;
    writer.add(key, *value);
  }
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const GgufTensor& tensor = file.tensors()[i];
    writer.add_tensor({std::string(tensor.name),
                       {tensor.extents.begin(), tensor.extents.begin() + tensor.dimensions},
                       formats[i]});
  }
  writer.begin(options.output);
  ProgressLine progress("quantizing", file.bytes().size());
  for (std::size_t i = 0; i < formats.size(); ++i) {
    const GgufTensor& tensor = file.tensors()[i];
    if (formats[i] == tensor.format) {
      writer.write(tensor.data);
    } else {
      refuse_quantized(tensor, options);
      write_matrix(writer, tensor, formats[i], options.threads);
    }
    progress.advance(tensor.data.size());
  }
  writer.finish();
  progress.finish();
  std::printf("%s: %.1f MiB, from %.1f MiB\n", options.output.c_str(),
              static_cast<double>(writer.file_bytes()) / (1 << 20),
              static_cast<double>(file.bytes().size()) / (1 << 20));
}

void print_formats(const GgufFile& file, const std::vector<Format>& formats) {
  std::map<std::string_view, std::size_t> counts;
  for (std::size_t i = 0; i < formats.size(); ++i) {
    if (is_matrix(file.tensors()[i])) ++counts[kernels::name(formats[i])];
  }
  for (const auto& [format, count] : counts) {
    std::printf("  %zu matrices in %s\n", count, std::string(format).c_str());
  }
}

[[noreturn]] void refuse_format(const std::string& wanted) {
  std::string list;
  for (const std::string& name : format_mix_names()) list += " " + name;
  throw ModelError("there is no format '" + wanted + "'; choose one of" + list);
}

}  // namespace

int quantize_command(const QuantizeOptions& options) {
  if (options.dynamic == !options.format.empty()) {
    throw ModelError("say either --format FORMAT, or --dynamic with --budget or --bits-per-weight");
  }
  if (options.dynamic && (options.budget == 0) == (options.bits_per_weight == 0)) {
    throw ModelError("--dynamic needs either --budget or --bits-per-weight");
  }
  if (std::filesystem::exists(options.output) && !options.force) {
    throw ModelError(options.output.string() + " is there already; --force replaces it");
  }
  const GgufFile file(std::filesystem::path(model_here(options.input)));
  std::vector<Format> formats;
  if (options.dynamic) {
    formats = dynamic_formats(file, options);
  } else {
    const auto mix = format_mix_named(options.format);
    if (!mix) refuse_format(options.format);
    const std::string architecture(file.metadata().text("general.architecture"));
    const auto layers = file.metadata().integer(architecture + ".block_count", {1, 4096});
    formats = fixed_formats(file, *mix, layers);
  }
  write_file(file, formats, options);
  print_formats(file, formats);
  return 0;
}

}  // namespace squall::agents
