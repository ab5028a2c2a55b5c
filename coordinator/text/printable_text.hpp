#pragma once
// Text from elsewhere made safe to print, by the rule that agents go by too.

#include "scenarios/text/printable_text.hpp"

namespace squall::coordinator {

using scenarios::first_characters;
using scenarios::printable;
using scenarios::width_of;

}  // namespace squall::coordinator
