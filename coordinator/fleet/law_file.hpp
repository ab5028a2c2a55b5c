#pragma once
// Laws as files: what `squall model bench --steps FILE` measured (schema "squall-engine-steps/1",
// fitted when read), or a law that was fitted, or written by hand ("squall-engine-law/1").

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "coordinator/fleet/step_fit.hpp"

namespace squall::coordinator {

struct LawFile {
  EngineLaw law;
  std::vector<MeasuredStep> steps;        // empty: the file holds the law alone
  std::optional<FitResiduals> residuals;  // likewise
};

/// What is wrong in the file, and the remedy.
struct LawError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `file` is for messages. Throws LawError.
LawFile parse_law(const std::string& json, const std::string& file);
/// Reads it, too.
LawFile read_law(const std::string& path);

/// "squall-engine-law/1".
std::string law_json(const EngineLaw& law);

}  // namespace squall::coordinator
