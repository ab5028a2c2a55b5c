#pragma once
// Feeds given tokens to a model, whatever it would say itself, and shows the logits after each.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "agents/engine/devices/engine_backends.hpp"
#include "agents/engine/devices/placement.hpp"
#include "agents/engine/model/model.hpp"
#include "kernels/backend.hpp"

namespace squall::agents {

/// Called with each token's position and the logits of what follows it, [vocabulary].
using LogitsVisitor = std::function<void(std::size_t position, std::span<const float> logits)>;

class TeacherForcing {
 public:
  /// `positions`: the longest text. Throws std::bad_alloc.
  TeacherForcing(std::shared_ptr<const Model> model, EngineBackends backends,
                 kernels::KvFormat kv_format, std::size_t positions);
  ~TeacherForcing();

  /// What it will want of a GPU.
  static DeviceDemand demand(kernels::KvFormat kv_format, std::size_t positions);

  /// `tokens`: at least one, all in the vocabulary, no more than positions.
  void run(std::span<const std::int32_t> tokens, const LogitsVisitor& visit);

  const Model& model() const;
  const EngineBackends& backends() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Natural logarithm of softmax(logits)[token].
double log_probability(std::span<const float> logits, std::int32_t token);

}  // namespace squall::agents
