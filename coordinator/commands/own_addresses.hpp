#pragma once
// At which addresses other machines may reach this one.

#include <string>
#include <vector>

namespace squall::coordinator {

/// IPv4 addresses of this machine's interfaces that are up, loopback left out, in the system's
/// order.
std::vector<std::string> own_addresses();

}  // namespace squall::coordinator
