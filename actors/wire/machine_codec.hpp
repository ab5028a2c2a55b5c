#pragma once
// What agents say of their machines, and what those used meanwhile <-> protobuf, with all checks.

#include <optional>

#include "actors/metrics/resource_sample.hpp"
#include "scenarios/hardware/hardware_facts.hpp"

namespace squall::proto {
class Hardware;
class ModelFacts;
class ResourceSample;
}  // namespace squall::proto

namespace squall::actors {

void write(const scenarios::HardwareFacts& facts, proto::Hardware& out);
void write(const scenarios::ModelFacts& facts, proto::ModelFacts& out);
void write(const ResourceSample& sample, proto::ResourceSample& out);

/// Empty when they break a limit.
std::optional<scenarios::HardwareFacts> read(const proto::Hardware& in);
std::optional<scenarios::ModelFacts> read(const proto::ModelFacts& in);
std::optional<ResourceSample> read(const proto::ResourceSample& in);

}  // namespace squall::actors
