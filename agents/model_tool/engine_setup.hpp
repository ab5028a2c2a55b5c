#pragma once
// What the commands have in common when they run a model: kernels and the format of keys and
// values.

#include <memory>
#include <string>

#include "kernels/backend.hpp"

namespace squall::agents {

/// Throws ModelError naming what can be had.
std::unique_ptr<kernels::Backend> make_backend(std::size_t threads,
                                               const std::string& instruction_set);
kernels::KvFormat kv_format_named(const std::string& name);

}  // namespace squall::agents
