# nix-env -f cogtok.nix -i, or callPackage ./cogtok.nix { }: the programs of the release.
{ pkgs ? import <nixpkgs> { }, lib ? pkgs.lib, stdenvNoCC ? pkgs.stdenvNoCC, fetchurl ? pkgs.fetchurl
, installShellFiles ? pkgs.installShellFiles }:

let
  sources = {
    x86_64-linux = fetchurl {
      url = "@url:x86_64-unknown-linux-musl@";
      sha256 = "@sha256:x86_64-unknown-linux-musl@";
    };
    aarch64-linux = fetchurl {
      url = "@url:aarch64-unknown-linux-musl@";
      sha256 = "@sha256:aarch64-unknown-linux-musl@";
    };
    x86_64-darwin = fetchurl {
      url = "@url:x86_64-apple-darwin@";
      sha256 = "@sha256:x86_64-apple-darwin@";
    };
    aarch64-darwin = fetchurl {
      url = "@url:aarch64-apple-darwin@";
      sha256 = "@sha256:aarch64-apple-darwin@";
    };
  };
  system = stdenvNoCC.hostPlatform.system;
in
stdenvNoCC.mkDerivation {
  pname = "cogtok";
  version = "@version@";
  src = sources.${system} or (throw "cogtok: there is no program for ${system}");
  nativeBuildInputs = [ installShellFiles ];
  installPhase = ''
    install -Dm755 cogtok $out/bin/cogtok
    installManPage man/*.1
    installShellCompletion --cmd cogtok --bash completions/cogtok.bash --zsh completions/_cogtok --fish completions/cogtok.fish
  '';
  meta = {
    description = "@description@";
    homepage = "@homepage@";
    license = with lib.licenses; [ mit asl20 ];
    mainProgram = "cogtok";
    platforms = builtins.attrNames sources;
  };
}
