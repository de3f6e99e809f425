"""Certificates: issuing, verifying, printing."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import PersonalView, SignedInView
from learning import certificate_pdf, documentation
from learning.certificates import find, issue
from learning.serializers import CertificateSerializer, CourseChoice
from luffy.caller import caller_network
from luffy.envelope import success
from luffy.limits import Limit, take


class CertificateView(SignedInView):
    """`POST learning/certificate/`."""

    @documentation.certificate_issue
    def post(self, request: Request) -> Response:
        """The caller's certificate for a course; it is issued if there is none yet."""
        form = CourseChoice(data=request.data)
        form.is_valid(raise_exception=True)
        take(Limit("certificate", 60, 3600).by(str(self.user.pk)))
        certificate = issue(self.user, form.validated_data["course"])
        return success(_("OK"), CertificateSerializer(certificate).data)


class OneCertificateView(PersonalView):
    """`GET learning/certificate/{code}/`."""

    @documentation.certificate
    def get(self, request: Request, code: str) -> Response:
        """Verify a certificate: for anyone."""
        take(Limit("certificate-look", 120, 3600).by(caller_network(request)))
        return success(_("OK"), CertificateSerializer(find(code)).data)


class CertificatePdfView(APIView):
    """`GET learning/certificate/{code}/pdf/`."""

    @documentation.certificate_pdf
    def get(self, request: Request, code: str) -> HttpResponse:
        """The certificate to print: for whoever has its code."""
        # Drawing one takes a moment of a processor.
        take(Limit("certificate-pdf", 30, 3600).by(caller_network(request)))
        certificate = find(code)
        if not certificate.name:
            raise NotFound(_("Its holder has left this site."))
        # The page of the front end, which says in words what the API would say in JSON.
        address = request.build_absolute_uri(f"/certificate/{certificate.code}")
        pdf = certificate_pdf.draw(certificate, address)
        response = HttpResponse(pdf, content_type="application/pdf")
        response["Content-Disposition"] = (
            f'attachment; filename="luffy-certificate-{certificate.code}.pdf"'
        )
        response["Cache-Control"] = "no-store"
        return response
