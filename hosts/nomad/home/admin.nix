# The home of `admin` on nomad: a home-manager module.
{
  programs.git.enable = true;
  programs.bash.enable = true;
  programs.direnv.enable = true;
}
