"""The athlete's body on film: joints are found, followed and measured."""
