#include "agents/model_tool/teacher_forcing.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "agents/engine/cache/kv_cache.hpp"
#include "agents/engine/transformer.hpp"

namespace squall::agents {

namespace {

constexpr std::size_t tokens_of_a_pass = 256;
constexpr std::size_t logits_rows = 32;  // of a vocabulary of 150,000: 19 MB

}  // namespace

struct TeacherForcing::Parts {
  std::shared_ptr<const Model> model;
  std::unique_ptr<kernels::Backend> backend;
  Transformer transformer;
  KvCache cache;
  std::size_t positions;
};

TeacherForcing::TeacherForcing(std::shared_ptr<const Model> model,
                               std::unique_ptr<kernels::Backend> backend,
                               kernels::KvFormat kv_format, std::size_t positions) {
  const std::size_t pages =
      (positions + kernels::positions_per_page - 1) / kernels::positions_per_page;
  kernels::Backend& kernels_used = *backend;
  const Hyperparameters& shape = model->shape;
  parts_.reset(new Parts{
      model,
      std::move(backend),
      {model,
       kernels_used,
       {.tokens = tokens_of_a_pass, .wanted_rows = tokens_of_a_pass, .logits_rows = logits_rows}},
      {kernels_used, shape, {.format = kv_format, .pages = pages, .share_prefixes = false}},
      positions});
}

TeacherForcing::~TeacherForcing() = default;

void TeacherForcing::run(std::span<const std::int32_t> tokens, const LogitsVisitor& visit) {
  assert(!tokens.empty() && tokens.size() <= parts_->positions);
  const std::size_t vocabulary = parts_->model->shape.vocabulary;
  auto sequence = parts_->cache.begin(tokens, tokens.size());
  assert(sequence && "the cache has room for the longest text");
  for (std::size_t begin = 0; begin < tokens.size(); begin += tokens_of_a_pass) {
    const std::size_t count = std::min(tokens_of_a_pass, tokens.size() - begin);
    const SequencePiece piece{&*sequence, tokens.subspan(begin, count), WantedLogits::all};
    parts_->transformer.run({&piece, 1});
    for (std::size_t row = 0; row < count; row += logits_rows) {
      const std::size_t rows = std::min(logits_rows, count - row);
      const auto logits = parts_->transformer.logits(row, rows);
      for (std::size_t i = 0; i < rows; ++i) {
        visit(begin + row + i, logits.subspan(i * vocabulary, vocabulary));
      }
    }
  }
}

const Model& TeacherForcing::model() const { return *parts_->model; }
const kernels::Backend& TeacherForcing::backend() const { return *parts_->backend; }

double log_probability(std::span<const float> logits, std::int32_t token) {
  const auto top = static_cast<double>(*std::ranges::max_element(logits));
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - top);
  return static_cast<double>(logits[token]) - top - std::log(total);
}

}  // namespace squall::agents
