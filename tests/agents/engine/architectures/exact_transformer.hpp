#pragma once
// A transformer as its papers write it, in doubles, one token at a time: slow, obvious, and
// sharing nothing with the engine but the tensors of the file.

#include <cmath>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "tests/fixtures/tiny_models.hpp"

namespace squall::fixtures {

using Vector = std::vector<double>;

/// What the metadata and the architecture's paper say beyond the tensors.
struct ExactOptions {
  TinyShape shape;
  bool rope_halves = false;
  double rope_base = 10000;
  double rope_scale = 1;
};

class ExactTransformer {
 public:
  ExactTransformer(GgufWriter& file, ExactOptions options) : options_(std::move(options)) {
    for (const GgufWriter::Tensor& tensor : file.tensors()) {
      std::vector<float> values(tensor.data.size() / sizeof(float));
      std::memcpy(values.data(), tensor.data.data(), tensor.data.size());
      tensors_[tensor.name] = Vector(values.begin(), values.end());
    }
  }

  /// Logits after each of the tokens.
  std::vector<Vector> logits(const std::vector<std::int32_t>& tokens) {
    keys_.assign(2, {});
    values_.assign(2, {});
    std::vector<Vector> result;
    for (const std::int32_t token : tokens) result.push_back(next(token));
    return result;
  }

 private:
  Vector next(std::int32_t token) {
    const Vector& embedding = tensors_.at("token_embd.weight");
    const auto row = embedding.begin() + token * 32;
    Vector x(row, row + 32);
    for (std::size_t layer = 0; layer < 2; ++layer) {
      const std::string prefix = "blk." + std::to_string(layer) + ".";
      add(x, attention(norm(x, prefix + "attn_norm.weight"), layer, prefix));
      add(x, feed_forward(norm(x, prefix + "ffn_norm.weight"), prefix));
    }
    const Vector last = norm(x, "output_norm.weight");
    const bool tied = tensors_.count("output.weight") == 0;
    return product(tied ? "token_embd.weight" : "output.weight", last);
  }

  Vector attention(const Vector& x, std::size_t layer, const std::string& prefix) {
    const std::size_t size = options_.shape.head_dimension;
    Vector query = projection(prefix + "attn_q", x);
    Vector key = projection(prefix + "attn_k", x);
    const std::size_t position = keys_[layer].size();
    for (std::size_t head = 0; head < 4; ++head) {
      turn_head(query, head * size, position, prefix + "attn_q_norm.weight");
    }
    for (std::size_t head = 0; head < 2; ++head) {
      turn_head(key, head * size, position, prefix + "attn_k_norm.weight");
    }
    keys_[layer].push_back(key);
    values_[layer].push_back(projection(prefix + "attn_v", x));

    Vector attended(4 * size);
    for (std::size_t head = 0; head < 4; ++head) {
      const std::size_t shared = head / 2 * size;  // two heads a head of keys and values
      Vector weights;
      double total = 0;
      for (const Vector& past : keys_[layer]) {
        double score = 0;
        for (std::size_t i = 0; i < size; ++i) score += query[head * size + i] * past[shared + i];
        weights.push_back(std::exp(score / std::sqrt(static_cast<double>(size))));
        total += weights.back();
      }
      for (std::size_t t = 0; t < weights.size(); ++t) {
        for (std::size_t i = 0; i < size; ++i) {
          attended[head * size + i] += weights[t] / total * values_[layer][t][shared + i];
        }
      }
    }
    if (options_.shape.sub_norms) attended = norm(attended, prefix + "attn_sub_norm.weight");
    return projection(prefix + "attn_output", attended);
  }

  Vector feed_forward(const Vector& x, const std::string& prefix) {
    Vector gate = projection(prefix + "ffn_gate", x);
    const Vector up = projection(prefix + "ffn_up", x);
    for (std::size_t i = 0; i < gate.size(); ++i) gate[i] *= up[i] / (1 + std::exp(-gate[i]));
    if (options_.shape.sub_norms) gate = norm(gate, prefix + "ffn_sub_norm.weight");
    return projection(prefix + "ffn_down", gate);
  }

  /// Norm of one head where the model has it, then the rotation.
  void turn_head(Vector& values, std::size_t begin, std::size_t position,
                 const std::string& weight) {
    const std::size_t size = options_.shape.head_dimension;
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    Vector head(first, first + static_cast<std::ptrdiff_t>(size));
    if (options_.shape.head_norms) head = norm(head, weight);
    Vector turned = head;
    for (std::size_t pair = 0; pair < size / 2; ++pair) {
      const std::size_t a = options_.rope_halves ? pair : 2 * pair;
      const std::size_t b = options_.rope_halves ? pair + size / 2 : 2 * pair + 1;
      double angle = static_cast<double>(position) * options_.rope_scale *
                     std::pow(options_.rope_base,
                              -2.0 * static_cast<double>(pair) / static_cast<double>(size));
      if (options_.shape.rope_divisors) angle /= tensors_.at("rope_freqs.weight")[pair];
      turned[a] = head[a] * std::cos(angle) - head[b] * std::sin(angle);
      turned[b] = head[a] * std::sin(angle) + head[b] * std::cos(angle);
    }
    std::copy(turned.begin(), turned.end(), first);
  }

  Vector norm(const Vector& x, const std::string& name) {
    const Vector& weight = tensors_.at(name);
    double squares = 0;
    for (const double value : x) squares += value * value;
    const double root = std::sqrt(squares / static_cast<double>(x.size()) + double{1e-5F});
    Vector result(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) result[i] = x[i] / root * weight[i];
    return result;
  }

  /// With the scale and the bias that the file may have beside the matrix.
  Vector projection(const std::string& name, const Vector& x) {
    Vector result = product(name + ".weight", x);
    const auto scale = tensors_.find(name + ".scale");
    const auto bias = tensors_.find(name + ".bias");
    for (std::size_t i = 0; i < result.size(); ++i) {
      if (scale != tensors_.end()) result[i] *= scale->second[0];
      if (bias != tensors_.end()) result[i] += bias->second[i];
    }
    return result;
  }

  Vector product(const std::string& name, const Vector& x) {
    const Vector& matrix = tensors_.at(name);
    Vector result(matrix.size() / x.size());
    for (std::size_t r = 0; r < result.size(); ++r) {
      for (std::size_t c = 0; c < x.size(); ++c) result[r] += matrix[r * x.size() + c] * x[c];
    }
    return result;
  }

  static void add(Vector& sum, const Vector& addend) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += addend[i];
  }

  ExactOptions options_;
  std::map<std::string, Vector> tensors_;
  std::vector<std::vector<Vector>> keys_;  // [layer][position]
  std::vector<std::vector<Vector>> values_;
};

}  // namespace squall::fixtures
