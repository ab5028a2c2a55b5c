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
  EngineBackends backends;
  Transformer transformer;
  KvCache cache;
  std::size_t positions;
};

DeviceDemand TeacherForcing::demand(kernels::KvFormat kv_format, std::size_t positions) {
  return {.limits = {.tokens = tokens_of_a_pass,
                     .wanted_rows = tokens_of_a_pass,
                     .logits_rows = logits_rows},
          .kv_format = kv_format,
          .least_pages = pages_for(positions)};
}

TeacherForcing::TeacherForcing(std::shared_ptr<const Model> model, EngineBackends backends,
                               kernels::KvFormat kv_format, std::size_t positions) {
  const DeviceDemand wanted = demand(kv_format, positions);
  const LayerRuns runs = backends.runs();  // stays where it is when its owner moves
  parts_.reset(
      new Parts{model,
                std::move(backends),
                {model, runs, wanted.limits},
                {runs,
                 model->shape,
                 {.format = kv_format, .pages = wanted.least_pages, .share_prefixes = false}},
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
const EngineBackends& TeacherForcing::backends() const { return parts_->backends; }

double log_probability(std::span<const float> logits, std::int32_t token) {
  const auto top = static_cast<double>(*std::ranges::max_element(logits));
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - top);
  return static_cast<double>(logits[token]) - top - std::log(total);
}

}  // namespace squall::agents
